"""What `help` prints."""

HELP = """\
The Director is controlled by specifying a command with optional arguments. Supported commands:

      help      -- show this help information, or what it says about the command that follows
      verbose {{cmd}} -- command prefix enabling verbose output for cmd
      config    -- output general configuration information
      bootstart -- update system config to start thespian + director at boot
      start     -- starts the actor system, director, source authority and refreshes loaded sources
      shutdown  -- shuts down the entire running Actor System
      avail     -- list available loadable source files
      genkey    -- make a key to sign loadable source files with
      gensrc    -- generate a signed loadable source file
      tlsinfo   -- show information or extract contents from a signed loadable source file
      load      -- load specified loadable source
      refresh   -- ensure latest version of each group is loaded
      unload    -- unloads a loaded source
      list      -- list currently loaded sources

A command returns 0 if it went well; 1 if the actor system or the Director refused or did not answer, 2 if there is no such
command, 3 for wrong arguments, 4 if a file is not there, 5 if something could not be made or written, 6 for a bad zip file, 7 for a source
that is not validated, 8 for a file that can not be used.

The THESPIAN_DIRECTOR_DIR environment variable can be set to specify the location of loadable sources and configuration files.
The current value is: "{sources_dir}".

Public keys, in PEM form, are the files *_tls.key there. Each configuration value has a default, and a file there that overrides it:

    thespbase.cfg    -- the Actor System Base; default multiprocTCPBase. The current value is: "{system_base}"
    oldthespbase.cfg -- a base that "shutdown" shuts down, too, when changing to another base
    adminport.cfg    -- the Admin Port; default 1900. The current value is {admin_port}
    convleader.cfg   -- the leader of the convention to join, if any
    othercaps.cfg    -- other capabilities to set, as a Python dictionary
    thesplog.cfg     -- the logging configuration, as a Python dictionary
    thesplogd.cfg    -- the directory for logs; default the first of /var/log, the current directory, /var/tmp and /tmp
                        that can be written to
    thesplogf.cfg    -- the file for Thespian's internal log; default thespian_system.log in this directory
    thesplogs.cfg    -- its maximum size in bytes; default 51200

Dictionaries are Python literals, which are read and not evaluated. What they may contain beyond that are the name logdir in
thesplog.cfg, text joined with + and filled in with %s, os.getenv(...), os.path.join(...), timedelta(...), the levels
such as logging.INFO, ActorAddressLogFilter, and messages such as thespian.actors.ActorExitRequest().
"""
