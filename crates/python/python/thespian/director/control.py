"""The commands of the Director, for programs and for the command line."""

from __future__ import annotations

import glob
import hashlib
import inspect
import os
import sys
import threading
import zipfile
from collections.abc import Callable
from contextlib import AbstractContextManager
from datetime import timedelta
from io import BytesIO
from typing import Any

from roscius.key_authority import KeysTrusted, TrustKeys
from roscius.signed_sources import KeyRefused, SourceRefused, VerifiedSource, generate_key

import thespian.actors
from thespian.director import boot_service, packing
from thespian.director.command_failure import Code, CommandFailed, command
from thespian.director.director_client import Answer, DirectorClient, client_of
from thespian.director.group_files import GroupLoadableFiles
from thespian.director.help_text import HELP
from thespian.director.literals import NoLiteral
from thespian.director.settings import Settings, sources_directory
from thespian.director.source_authority import keys_of
from thespian.director.source_encoding import write_whole


class DirectorControl:
    """Runs commands: `control("load", "mygroup")`, or `control.cmd_load("mygroup")`. Their result is 0, or says what failed.

    `sources_dir` is where sources and configuration are (default: THESPIAN_DIRECTOR_DIR); `system_base` and `admin_port` stand
    in for what is configured there.
    """

    # How long the Director, and the loading of a source, may take.
    ask_wait = timedelta(seconds=5)

    def __init__(
        self, sources_dir: str | None = None, system_base: str | None = None, admin_port: int | str | None = None
    ) -> None:
        self.sources_dir = sources_dir or sources_directory()
        self.settings = Settings(self.sources_dir)
        self.verbose: Callable[..., Any] = lambda *_: None
        self._system_base, self._admin_port = system_base, admin_port
        self._asys: Any = None

    @property
    def system_base(self) -> str:
        """The base of the actor system."""
        return self._system_base or self.settings.system_base

    @property
    def admin_port(self) -> int:
        """The port of the actor system."""
        return int(self._admin_port) if self._admin_port else self.settings.admin_port

    @property
    def logdir(self) -> str:
        """Where logs are written."""
        return self.settings.log_directory

    def filecfg(self, cfg_fname: str, default: Any) -> Any:
        """What a configuration file says, as text; or the default."""
        return self.settings.text(cfg_fname, "") or default

    def __call__(self, cmd: str, *args: str) -> int:
        """Run a command. The result is 0 if it went well."""
        if cmd == "verbose":
            self.verbose = lambda form, *values: print(form % values if values else form, flush=True)
            cmd, *rest = args or ("help",)
            args = tuple(rest)
        if cmd == "help":
            return self._help(*args)
        method = getattr(self, f"cmd_{cmd}", None)
        if method is None:
            return self.bad_cmd()
        try:
            inspect.signature(method).bind(*args)
        except TypeError as error:
            print(f"ERROR: {cmd}: {error}; see `help {cmd}`", file=sys.stderr)
            return int(Code.ARGUMENTS)
        try:
            return int(method(*args))
        except thespian.actors.ActorSystemException as error:
            print(f"ERROR: {error}", file=sys.stderr)
            return int(Code.REFUSED)

    def bad_cmd(self, *_args: str) -> int:
        """Unrecognized command"""
        print('Unrecognized command; use the "help" command to get usage information.')
        return int(Code.UNKNOWN)

    @command
    def _help(self, *args: str) -> int:
        if args:
            print(inspect.getdoc(getattr(self, f"cmd_{args[0]}", self.bad_cmd)))
        else:
            print(HELP.format(sources_dir=self.sources_dir, system_base=self.system_base, admin_port=self.admin_port))
        return Code.OK

    @command
    def cmd_config(self) -> int:
        """Shows current running configuration information"""
        rows = [
            ("Sources location", self.sources_dir),
            ("System Base", self.system_base),
            ("OLD System Base", self.settings.old_system_base),
            ("Admin Port", str(self.admin_port)),
            ("Logging directory", self.logdir),
            ("Convention Leader", self.settings.convention_leader),
            ("Other Capabilities", ("\n" + " " * 21).join(self.filecfg("othercaps.cfg", "{}").split("\n"))),
        ]
        for name, value in rows:
            if value:
                print(f"{name:>19}: {value}")
        return Code.OK

    # The system

    @property
    def asys(self) -> Any:
        """The actor system, with its source authority. It is started if it does not run."""
        if self._asys is None:
            capabilities = {**self.settings.capabilities(), "Admin Port": self.admin_port}
            logs = self.settings.logging()
            self.settings.apply_internal_log(self.verbose)
            system = _system(self.system_base, capabilities, logDefs=logs)
            authority = system.createActor("thespian.director.SourceAuthority", globalName="Director Source Authority")
            # What is loaded before there is an authority is ignored, so its answer is waited for.
            with system.private() as context:
                context.tell(authority, TrustKeys(*keys_of(os.path.abspath(self.sources_dir)).places))
                answer = context.listen(self.ask_wait)
            if not isinstance(answer, KeysTrusted):
                raise CommandFailed(Code.REFUSED, "the source authority did not answer in time")
            self.verbose("Trusted keys: %s %s", answer.keys, answer.problems)
            self._asys = system
        return self._asys

    @property
    def director(self) -> Any:
        """The address of the Director. It is started if it does not run."""
        return self.asys.createActor("thespian.director.Director", globalName="Director")

    def _client(self) -> AbstractContextManager[DirectorClient]:
        return client_of(self.asys, self.director, self.ask_wait.total_seconds())

    def _demand(self, request: Answer, kind: str) -> Answer:
        """The Director's answer to a request that it carried out, or the end of the command."""
        with self._client() as client:
            answer = client.ask(request, kind)
        if answer is None:
            raise CommandFailed(Code.REFUSED, f"{request['DirectorOp']}: the Director did not answer in time")
        if not answer.get("Success"):
            raise CommandFailed(Code.REFUSED, f"{request['DirectorOp']}: {answer.get('Message', answer)}")
        return answer

    def _wait_until(self, is_reached: Callable[[Answer], bool]) -> bool:
        """Wait, as long as a command waits, until the groups are as they should be."""
        with self._client() as client:
            return client.wait_until(is_reached)

    # Making and looking at sources

    @command
    def cmd_genkey(self, name: str, private_keyfile: str) -> int:
        """Makes a key to sign loadable sources with: genkey name private_keyfile

        The private key (Ed25519) is written to private_keyfile, which must not exist and is for gensrc; the public key
        to name_tls.key in the THESPIAN_DIRECTOR_DIR, where it is trusted from now on.
        """
        public_file = os.path.join(self.sources_dir, f"{name}_tls.key")
        pair = generate_key()
        try:
            if os.path.exists(public_file):
                raise FileExistsError(0, "it exists already", public_file)
            with open(os.open(private_keyfile, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
                file.write(pair.private)
            write_whole(public_file, pair.public.encode())
        except OSError as error:
            raise CommandFailed(Code.NOT_WRITTEN, f"{error.filename} can not be written: {error.strerror}") from None
        print(f"Wrote {private_keyfile} and {public_file}")
        return Code.OK

    @command
    def cmd_gensrc(self, group_name: str, private_keyfile: str, inpsrc_dir: str, *srcs: str) -> int:
        """Makes a loadable source file that is signed by a private key.

        gensrc group private_keyfile sources_dir [version:v] [deps:file] [tli:file] [fmt:encoding] [expires:when] files...

            group            the group name; there should be a .tli file of that name, in sources_dir or already in the
                             THESPIAN_DIRECTOR_DIR
            private_keyfile  the private key: RSA or Ed25519, in PEM form. Its public key, in a *_tls.key of the
                             THESPIAN_DIRECTOR_DIR, validates the source.
            sources_dir      the root of the source directory tree
            version:v        the version; "date" for the time as YYYYMMDDHHMM. The default is no version.
            deps:file        a file with the names of packages to include, one per line
            tli:file         the information file of the group
            fmt:encoding     ThespianDirectorFMT1 (the default for RSA keys), ViceroyFMT2, or RosciusSource1 (for Ed25519)
            expires:when     a date (UTC), or a number of days such as 90d, after which the source is no longer loaded; for
                             RosciusSource1
            files            the source files, as names or patterns; "**" stands for any directories

        All files must be possible to import. With a TLS_Keep_Limit in the .tli file, older sources of the group are removed.
        """
        order = packing.Order.of(group_name, private_keyfile, inpsrc_dir, srcs)
        print("Wrote", packing.generate(order, self.sources_dir, self.verbose))
        return Code.OK

    @command
    def cmd_avail(self) -> int:
        """Shows all available loadable sources and hashes by group, most recent first."""
        print(f"THESPIAN_DIRECTOR_DIR={self.sources_dir}")
        for each in self.all_group_loadable_sources():
            lines = [
                f"{os.path.relpath(file, self.sources_dir)}    {hashlib.md5(self._content(file), usedforsecurity=False).hexdigest()}"
                for file in each.tls_filenames()
            ]
            separator = "\n" + " " * len(each.group_name) + "+ "
            print(f"{each.group_name}: {separator.join(lines)}")
        return Code.OK

    def all_group_loadable_sources(self) -> list[GroupLoadableFiles]:
        """The groups in the directory."""
        files = sorted(glob.glob(os.path.join(glob.escape(self.sources_dir), "*.tli")))
        return [GroupLoadableFiles(self.sources_dir, file) for file in files]

    @command
    def cmd_tlsinfo(self, tlsfname: str, contents_or_extract_name: str | None = None) -> int:
        """Shows information about the .tls file that the first argument names: tlsinfo file [contents|member]

        With "contents" as second argument, its table of contents. Any other second argument is the name of a file in it,
        which is written to stdout. It must be signed by a key in the THESPIAN_DIRECTOR_DIR, just as for the Director.
        """
        path = self._tls_path(tlsfname)
        verified = self._verified(path)
        try:
            archive = zipfile.ZipFile(BytesIO(verified.content))
            bad = archive.testzip() if contents_or_extract_name is None else None
        except (zipfile.BadZipFile, EOFError, NotImplementedError, RuntimeError) as error:
            raise CommandFailed(Code.BAD_ZIP, f'"{path}" is signed, but is no zip file: {error}') from None
        if contents_or_extract_name is None:
            if bad is not None:
                raise CommandFailed(Code.BAD_ZIP, f"Bad file in verified zipfile: {bad}")
            print(f'Validated "{path}" loadable with key {verified.key} ({verified.format})')
            if verified.expires is not None:
                print(f"It expires at {verified.expires:%Y-%m-%d %H:%M:%S} UTC")
        elif contents_or_extract_name == "contents":
            for info in archive.infolist():
                print(f" {info.file_size:6}  {info.filename}")
        else:
            try:
                sys.stdout.write(archive.read(contents_or_extract_name).decode("utf-8", "replace"))
            except KeyError:
                raise CommandFailed(Code.MISSING, f'"{path}" has no file {contents_or_extract_name}') from None
            except (zipfile.BadZipFile, EOFError, NotImplementedError, RuntimeError) as error:
                raise CommandFailed(Code.BAD_ZIP, f"Bad file in verified zipfile: {error}") from None
        return Code.OK

    def _tls_path(self, name: str) -> str:
        """Where a signed source is: here, or in the directory."""
        for path in (name, os.path.join(self.sources_dir, name)):
            if os.path.isfile(path):
                return path
        raise CommandFailed(Code.MISSING, f'The tls file "{name}" does not exist')

    def _content(self, path: str) -> bytes:
        try:
            with open(path, "rb") as file:
                return file.read()
        except OSError as error:
            raise CommandFailed(Code.BAD_FILE, f"{path} can not be read: {error.strerror}") from None

    def _verified(self, path: str) -> VerifiedSource:
        """What is in a source, as the source authority finds it."""
        try:
            return keys_of(self.sources_dir).verify(self._content(path))
        except (KeyRefused, SourceRefused) as error:
            raise CommandFailed(Code.NOT_VALIDATED, f'Could not validate signature on "{path}": {error}') from None

    # Loading

    @command
    def cmd_load(self, group_or_file: str) -> int:
        """Loads a source, along with the information file of its group: load group|file

        For a group, its newest version is loaded; of a .tls file, that very version. The actor system and the Director are
        started if they do not run. A version is what follows the group's name: a sequence of numbers and texts, each of which is compared
        with its like; a number is older than a text. The newest is the first of these:

            foo-201601280945.tls    date and time
            foo-15a5gamma1.tls      numbers and texts
            foo-15a5beta4.tls
            foo-15a.tls
            foo-15.2.1.tls          several numbers
            foo-15.2.tls
            foo-15.tls              one number
            foo-05.tls
            foo-1.tls
            foo.tls                 no version

        The .tli file has a Python dictionary, which is the Director's DefineGroup message without DirectorOp and Group. It may also have
        "TLS_Keep_Limit": number, which is how many versions gensrc leaves.
        """
        files = GroupLoadableFiles(self.sources_dir, group_or_file)
        definition = self._definition(files)
        if files.named_file is not None:
            path = self._tls_path(files.named_file)
        else:
            found = files.tls_filenames()
            if not found:
                raise CommandFailed(Code.MISSING, f"The group {files.group_name} has no tls file in {self.sources_dir}")
            path = found[0]
        # The authority will say the same, but nobody would hear it.
        self._verified(path)
        self._demand(definition, "DeclaredGroup")
        load = {"DirectorOp": "LoadSource", "Source": os.path.abspath(path), "Group": files.group_name}
        source_hash = self._demand(load, "SourceLoading")["SourceHash"]
        if not self._wait_until(lambda groups: source_hash in groups.get(files.group_name, {}).get("Loaded", [])):
            raise CommandFailed(Code.REFUSED, f'"{path}" was not loaded in time; the logs may say why')
        print(f'Loaded "{files.group_name}" {path}: {source_hash}')
        return Code.OK

    def _definition(self, files: GroupLoadableFiles) -> Answer:
        try:
            contents = files.tli_contents()
        except FileNotFoundError:
            raise CommandFailed(Code.MISSING, f"There is no {files.tli_filename()} to say what the group is") from None
        except (OSError, UnicodeDecodeError, NoLiteral) as error:
            raise CommandFailed(Code.BAD_FILE, f"{files.tli_filename()}: {error}") from None
        if not isinstance(contents, dict):
            raise CommandFailed(Code.BAD_FILE, f"{files.tli_filename()} has no dictionary")
        return {**contents, "DirectorOp": "DefineGroup", "Group": files.group_name}

    @command
    def cmd_start(self, and_wait: str | bool = False) -> int:
        """Starts the actor system, Director and source authority, if they do not run, and loads the newest of each group: start [wait]

        With an argument the command does not end after that, for where a start is expected to go on.
        """
        self.verbose("The Director is %s", self.director)
        code = self.cmd_refresh()
        if code == Code.OK and and_wait:
            threading.Event().wait()
        return code

    @command
    def cmd_refresh(self) -> int:
        """Verifies latest version of all group's sources is loaded."""
        code = 0
        for each in self.all_group_loadable_sources():
            if not each.tls_filenames():
                print(f"The group {each.group_name} has nothing to load")
                continue
            # One bad group does not keep the others away.
            code = self.cmd_load(each.group_name) or code
        return code

    @command
    def cmd_unload(self, source_hash: str) -> int:
        """Unloads the loaded source specified by the hash value argument.

        All its actors exit. If it was the active source of its group, the one that was loaded before it becomes active.
        """
        self.asys.unloadActorSource(source_hash)
        is_gone = self._wait_until(lambda groups: not any(source_hash in group["Loaded"] for group in groups.values()))
        if not is_gone:
            raise CommandFailed(Code.REFUSED, f"{source_hash} was not unloaded in time")
        return Code.OK

    @command
    def cmd_list(self, group: str | None = None) -> int:
        """Lists the loaded sources and the actors created from them: list [group]"""
        request = {"DirectorOp": "RetrieveAll", "Group": group}
        groups = self._demand(request, "AllAddresses")["Groups"]
        for name in sorted(groups):
            print(f"Group {name}::")
            found = groups[name]
            for source_hash in found["Loaded"]:
                print(f"  Source hash {source_hash}{'  [ACTIVE]' if source_hash == found['ActiveHash'] else ''}")
                for actor in found["Running"].get(source_hash, []):
                    role = f" ({actor['Role']})" if actor.get("Role") else ""
                    address = actor["ActorAddress"] or "LOAD FAILED... no address"
                    print(f"      {address} -- {actor['ActorClass']}{role}  (since {actor.get('StartTime', '?')})")
        return Code.OK

    def get_role_address(self, role: str, group: str | None = None, silent: bool = False) -> Answer | None:
        """The Director's answer about the actor that has a role; None, and an error unless `silent`, if there is none."""
        request = {"DirectorOp": "RetrieveRole", "Group": group, "Role": role}
        with self._client() as client:
            answer = client.ask(request, "RoleAddress")
        if answer is not None and answer["Success"]:
            return answer
        if not silent:
            print(f"RoleAddress ERROR: {answer or 'Timeout'}", file=sys.stderr)
        return None

    @command
    def cmd_shutdown(self) -> int:
        """Shuts down any currently running system"""
        bases = [self.system_base]
        if self.settings.old_system_base not in ("", self.system_base):
            bases.append(self.settings.old_system_base)
        for base in bases:
            _system(base, {"Admin Port": self.admin_port}).shutdown()
        self._asys = None
        print("Shutdown completed")
        return Code.OK

    @command
    def cmd_bootstart(self, name: str | None = None, nostart: str | None = None) -> int:
        """Lets this machine start the Director at boot: bootstart [name] [nostart]

        The service is called thespian.director, unless name says otherwise, and is started now, unless nostart is given.
        """
        if name == "nostart":
            name, nostart = None, name
        if not os.path.isdir(self.sources_dir):
            raise CommandFailed(
                Code.NOT_WRITTEN,
                f'THESPIAN_DIRECTOR_DIR "{self.sources_dir}" does not exist; cannot create boot start configuration',
            )
        return boot_service.install(name or "thespian.director", os.path.abspath(self.sources_dir), not nostart)


def _system(base: str, capabilities: dict[str, Any], **options: Any) -> Any:
    """The actor system of the Director. Raises `CommandFailed`."""
    try:
        return thespian.actors.ActorSystem(base, capabilities, **options)
    except (ImportError, OSError, thespian.actors.ActorSystemException) as error:
        raise CommandFailed(Code.REFUSED, f"there is no actor system: {error}") from None


DirectorControl.__module__ = "thespian.director"
