//! The page in a real browser.

use roscius_console::dashboard::Options;
use roscius_console::snapshot::{LogRecord, MemberInfo, Severity, Warning, WarningKind};
use serde_json::json;

use crate::browser::Browser;
use crate::stage::{Stage, small};

fn changes() -> Options {
    Options { allow_changes: true, ..Options::default() }
}

#[test]
fn the_page_shows_the_system_and_what_changes_in_it() {
    let Some(mut browser) = Browser::start() else { return };
    let stage = Stage::start(changes());
    browser.look_like(1600, 1000, false);
    browser.open(&stage.url);
    browser.until("document.querySelectorAll('#tree tbody tr').length === 4");
    assert_eq!(browser.eval("location.href"), format!("http://{}/", stage.address), "the token is not left in the URL");
    assert_eq!(browser.eval("document.cookie"), "", "scripts do not see it either");
    assert_eq!(browser.eval("document.querySelector('#name').textContent"), "tcp-1900");
    browser
        .until("document.querySelector('#tree tr').textContent !== '' && document.body.innerText.includes('“boss”')");
    browser.until("document.querySelector('#warnings h2').textContent === 'Nothing is wrong.'");
    browser.until("document.querySelector('#letters .kinds').textContent.includes('nobody has the address')");
    browser.until("document.querySelectorAll('.chart').length === 7");
    browser.until("document.querySelector('[data-chart=\"Messages per second\"] .value span').textContent === '123'");
    let messages = "document.querySelector('#messages tbody').innerText";
    browser.until(&format!("/^shop::Job\\t120\\t1,200\\nstr\\t3.5\\t3,500$/.test({messages})"));
    let paths = "[...document.querySelectorAll('#messages .path')].map((it) => it.textContent)";
    assert_eq!(browser.eval(paths), json!(["shop::", ""]));
    // A mark that would go if the page were loaded again.
    browser.eval("globalThis.mark = 1");
    stage.change(|model| {
        model.snapshot.actors[1].waiting = 5432;
        let mut another = model.snapshot.actors[1].clone();
        another.address = "n1/0.f.0".to_owned();
        model.snapshot.actors.push(another);
        let what = "process 4711 does not answer".to_owned();
        let warning = Warning { severity: Severity::Wrong, kind: WarningKind::Unanswering, what, ..Warning::default() };
        model.snapshot.warnings.push(warning);
    });
    browser.until("document.querySelector('[data-address=\"n1/0.f.0\"]')?.textContent.includes('5,432')");
    browser.until("document.querySelector('#warnings li.wrong')?.textContent.includes('does not answer')");
    browser.until("document.querySelector('#light').className === 'light bad' && document.title.startsWith('(!)')");
    browser.until("document.querySelector('#news').textContent.includes('Worker n1/0.f.0 started')");
    assert_eq!(browser.eval("document.querySelector('#records').checkVisibility()"), false, "there is no logger");
    let record = |number, level: &str, text: &str| LogRecord {
        number,
        at: 1_700_000_000.5,
        level: level.to_owned(),
        actor: "n1/0.2.0".to_owned(),
        class: "shop.Worker".to_owned(),
        text: text.to_owned(),
        ..LogRecord::default()
    };
    stage.change(|model| model.snapshot.log = Some(vec![record(1, "INFO", "it begins")]));
    browser.until("document.querySelector('#records').checkVisibility()");
    stage.change(|model| model.snapshot.log.as_mut().unwrap().push(record(2, "ERROR", "it failed\nand why")));
    let newest = "document.querySelector('#records tbody tr').innerText";
    browser.until(&format!("/^\\d\\d:\\d\\d:\\d\\d\\tERROR\\tshop.Worker\\tit failed\\nand why$/.test({newest})"));
    // The most frequent comes first.
    stage.change(|model| model.snapshot.messages.reverse());
    browser.until(&format!("{messages}.startsWith('str')"));
    stage.change(|model| model.snapshot.actors.retain(|actor| actor.address != "n1/0.f.0"));
    browser.until("!document.querySelector('[data-address=\"n1/0.f.0\"]')");
    assert_eq!(browser.eval("globalThis.mark"), 1);
    assert_eq!(browser.complaints, Vec::<String>::new());
}

#[test]
fn the_convention_is_listed_with_who_leads_and_who_has_no_link() {
    let Some(mut browser) = Browser::start() else { return };
    let stage = Stage::start(Options::default());
    browser.look_like(1600, 1000, false);
    browser.open(&stage.url);
    browser.until("document.querySelectorAll('#tree tbody tr').length === 4");
    assert_eq!(browser.eval("document.querySelector('#convention').checkVisibility()"), false, "it is alone");
    let member = |system: &str, leads: bool| MemberInfo {
        identity: format!("host-{system}"),
        system: system.to_owned(),
        place: leads.then(|| "10.0.0.1:1900".to_owned()),
        actors: 1234,
        leads,
        linked: true,
        heard_ago: 0.5,
    };
    stage.change(|model| {
        model.snapshot.convention.name = "shop".to_owned();
        model.snapshot.convention.identity = "host-me".to_owned();
        model.snapshot.convention.members = vec![member("b", false), member("a", true)];
    });
    browser.until("document.querySelector('#convention').checkVisibility()");
    let row = |system: &str| {
        let row = format!("document.querySelector('[data-system=\"{system}\"]')");
        format!("[...{row}?.cells ?? []].map((cell) => cell.textContent).join('|')")
    };
    browser.until(&format!("{} === 'host-aleads|10.0.0.1:1900|1,234|linked'", row("a")));
    browser.until(&format!("{} === 'host-b|outbound only|1,234|linked'", row("b")));
    let first = "document.querySelector('#convention tbody tr').dataset.system";
    assert_eq!(browser.eval(first), "a", "who leads comes first");
    browser.until("document.querySelector('#convention h2').textContent === 'Convention · shop'");
    browser
        .until("document.querySelector('#convention .share').textContent.startsWith('This system is host-me. Links')");
    stage.change(|model| {
        model.snapshot.convention.leads = true;
        let members = &mut model.snapshot.convention.members;
        (members[0].linked, members[0].heard_ago) = (false, 60.0);
        members.truncate(1);
    });
    browser.until(&format!("/no link, heard at \\d\\d:\\d\\d:\\d\\d$/.test({})", row("b")));
    browser.until(&format!("{} === ''", row("a")));
    browser.until("document.querySelector('#convention .share').textContent.includes('which leads')");
    assert_eq!(browser.complaints, Vec::<String>::new());
}

#[test]
fn names_that_look_like_html_are_shown_as_text() {
    let Some(mut browser) = Browser::start() else { return };
    let evil = "<img src=x onerror='globalThis.hacked=1'><script>globalThis.hacked=1</script>";
    let mut snapshot = small();
    for text in [
        &mut snapshot.actors[0].class,
        &mut snapshot.classes[0].class,
        &mut snapshot.messages[0].name,
        &mut snapshot.system.name,
        &mut snapshot.dead_letters.latest[0].message,
        &mut snapshot.dead_letters.kinds[0].reason,
    ] {
        evil.clone_into(text);
    }
    evil.clone_into(&mut snapshot.actors[1].address);
    let (text, level, actor) = (evil.to_owned(), evil.to_owned(), evil.to_owned());
    snapshot.log = Some(vec![LogRecord { number: 1, text, level, actor, ..LogRecord::default() }]);
    let warning = Warning { what: evil.to_owned(), why: evil.to_owned(), ..Warning::default() };
    snapshot.warnings.push(warning);
    let member = || MemberInfo { identity: evil.to_owned(), place: Some(evil.to_owned()), ..MemberInfo::default() };
    snapshot.convention.members.push(member());
    for text in [&mut snapshot.convention.name, &mut snapshot.convention.identity] {
        evil.clone_into(text);
    }
    let stage = Stage::of(Options::default(), snapshot);
    browser.open(&stage.url);
    browser.until("document.querySelectorAll('#tree tbody tr').length === 4");
    assert_eq!(browser.eval("document.body.innerText.split('onerror').length > 10"), true);
    assert_eq!(browser.eval("globalThis.hacked ?? 0"), 0);
    assert_eq!(browser.eval("document.querySelectorAll('img').length"), 0);
    // Even a script that got in would not run, nor say anything to anybody.
    browser
        .eval("document.body.append(Object.assign(document.createElement('script'), { textContent: 'hacked = 1' }))");
    let leak = "fetch('http://127.0.0.1:1/').then(() => 'sent', (error) => error.name)";
    assert_eq!((browser.eval("globalThis.hacked ?? 0"), browser.eval(leak)), (json!(0), json!("TypeError")));
    assert!(browser.complaints.iter().all(|it| it.contains("Content Security Policy")), "{:?}", browser.complaints);
    assert!(!browser.complaints.is_empty(), "nothing was forbidden");
}

#[test]
fn a_dead_letter_is_sent_again_with_the_mouse() {
    let Some(mut browser) = Browser::start() else { return };
    let stage = Stage::start(changes());
    browser.look_like(1200, 900, true);
    browser.open(&stage.url);
    browser.until("document.querySelector('#letters .resend')");
    browser.click("#letters .resend");
    browser.until("document.querySelector('#resend').open");
    assert_eq!(browser.eval("document.querySelector('#resend input').value"), "n1/0.9.0", "whom it was for");
    browser.write("nobody");
    browser.click("#resend .send");
    browser.until("document.querySelector('#resend .answer').textContent === 'there is no actor `nobody`'");
    browser.eval("document.querySelector('#resend input').select()");
    browser.write("boss");
    browser.click("#resend .send");
    browser.until("!document.querySelector('#resend').open");
    browser.until("!document.querySelector('#letters .resend')");
    assert_eq!(stage.change(|model| model.resent.clone()), [(1, Some("boss".to_owned()))]);
}

#[test]
fn where_nothing_may_be_changed_there_is_no_button() {
    let Some(mut browser) = Browser::start() else { return };
    let stage = Stage::start(Options::default());
    browser.open(&stage.url);
    browser.until("document.querySelector('#letters .latest tbody').textContent.includes('kept')");
    assert_eq!(browser.eval("document.querySelectorAll('.resend').length"), 0);
    assert_eq!(browser.eval("document.querySelector('#mode').textContent"), "read-only");
}

#[test]
fn groups_open_and_actors_are_found() {
    let Some(mut browser) = Browser::start() else { return };
    let mut snapshot = small();
    let worker = snapshot.actors[1].clone();
    snapshot.actors.extend((0..1000).map(|place| {
        let mut worker = worker.clone();
        worker.address = format!("n2/0.{place:x}.0");
        worker
    }));
    let stage = Stage::of(Options::default(), snapshot);
    browser.look_like(1600, 1000, false);
    browser.open(&stage.url);
    let rows = "document.querySelectorAll('#tree tbody tr').length";
    browser.until(&format!("{rows} === 2"));
    assert_eq!(browser.eval("document.querySelector('#tree .many').textContent"), "“boss”");
    browser.click("#tree tr:nth-child(2) .toggle");
    browser.until(&format!("{rows} === 53"));
    browser.click("#tree .action");
    browser.until(&format!("{rows} === 253"));
    browser.click("#tree tr:nth-child(2) .toggle");
    browser.until(&format!("{rows} === 2"));
    browser.click("#find");
    browser.write("n2/0.3E");
    // 3e and 3e0 to 3e7.
    browser.until(&format!("{rows} === 9"));
    browser.eval("document.querySelector('#find').select()");
    browser.write("no such actor");
    browser.until("document.querySelector('#tree').innerText.includes('Nobody is found.')");
    assert_eq!(browser.complaints, Vec::<String>::new());
}

#[test]
fn the_page_fits_a_window_of_forty_characters_and_a_wide_one() {
    let Some(mut browser) = Browser::start() else { return };
    let mut snapshot = small();
    for actor in &mut snapshot.actors {
        actor.class = format!("a::rather::long::path::to::{}", actor.class);
    }
    let stage = Stage::of(changes(), snapshot);
    // A character is about eight pixels wide.
    for (width, columns) in [(320, 1), (900, 1), (1920, 2)] {
        browser.look_like(width, 900, false);
        browser.open(&stage.url);
        browser.until("document.querySelectorAll('#tree tbody tr').length === 4");
        assert_eq!(browser.eval("document.documentElement.scrollWidth"), width, "nothing sticks out");
        let places = "new Set([...document.querySelectorAll('main > *')].filter((it) => it.checkVisibility()).map((it) => it.getBoundingClientRect().x)).size";
        assert_eq!(browser.eval(places), columns, "{width}");
        let hidden = "[...document.querySelectorAll('main > *, h1, h2')]
            .filter((it) => it.checkVisibility() && it.getBoundingClientRect().width < 10).length";
        assert_eq!(browser.eval(hidden), 0);
    }
}

#[test]
fn a_page_whose_token_is_not_valid_any_more_says_so() {
    let Some(mut browser) = Browser::start() else { return };
    let stage = Stage::start(Options::default());
    browser.open(&format!("http://{}/?token=of-another-start", stage.address));
    browser.until("document.body?.innerText.includes('Open the URL that `roscius dashboard` has printed')");
    browser.open(&stage.url);
    browser.until("document.querySelectorAll('#tree tbody tr').length === 4");
    // Another start, at the same port.
    let port = stage.address.port();
    drop(stage);
    browser.until("document.querySelector('#lost').textContent.startsWith('No connection')");
    let again = Stage::start(Options { port, ..Options::default() });
    browser.until("document.querySelector('#lost').textContent.startsWith('The dashboard has refused this page')");
    drop(again);
}

/// Makes the images of the documentation, of the dashboard at `DASHBOARD_URL`.
#[test]
#[ignore = "it makes images of a running dashboard, see docs/dashboard.md"]
fn images_for_the_documentation() {
    let url = std::env::var("DASHBOARD_URL").expect("DASHBOARD_URL is the URL that `roscius dashboard` has printed");
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/images");
    std::fs::create_dir_all(&folder).unwrap();
    let mut browser = Browser::start().expect("a browser");
    browser.open(&url);
    // Twenty looks, so that there is something to see.
    browser.until("document.querySelector('.chart .curve').getAttribute('d').split('L').length > 20");
    for (name, width, height, dark) in [
        ("dashboard-light", 1440, 1000, false),
        ("dashboard-dark", 1440, 1000, true),
        ("dashboard-narrow", 320, 1400, true),
    ] {
        browser.look_like(width, height, dark);
        browser.until("document.querySelector('.chart .curve').getAttribute('d')");
        std::fs::write(folder.join(name).with_extension("png"), browser.picture(false)).unwrap();
    }
}
