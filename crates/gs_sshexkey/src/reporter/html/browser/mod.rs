//! The page in a real browser.

mod driver;

use serde_json::{Value, json};
use sshtrust::probe::{By, PairState};

use super::samples::*;
use super::view::class;
use super::*;
use driver::{Browser, ENTER, TAB};

/// Cells of a state in a picture, counted in what the browser has.
fn cells(browser: &Browser, by: &str, state: &str) -> usize {
    browser.number(&format!(
        "const path = document.querySelector('.matrix[data-by={by}] path.{state}');
         if (!path) return 0;
         const box = path.getBBox();
         let count = 0;
         for (let y = box.y; y < box.y + box.height; y++)
           for (let x = box.x; x < box.x + box.width; x++)
             if (path.isPointInFill(new DOMPoint(x + .5, y + .5))) count++;
         return count;"
    ))
}

/// Rows of the table of pairs that are seen.
const SEEN: &str = "return document.querySelectorAll('.pairs tbody tr:not([hidden])').length";
/// What is announced about them.
const ANNOUNCED: &str = "return document.querySelector('#shown').textContent";

#[test]
#[ignore = "needs chromium: run `cargo xtask test`"]
fn the_page_shows_every_cell_and_asks_for_nothing() {
    let browser = Browser::start();
    let blank = browser.screenshot().len();
    for size in [6, 30, 300] {
        let checked = mixed(size);
        for lang in Lang::ALL {
            browser.open(&render(&checked, lang), "");
            assert_eq!(browser.console(), Vec::<String>::new(), "{size} {lang:?}");
            for by in BOTH {
                let mark = if by == By::Ip { "ip" } else { "name" };
                for state in [PairState::Slow, PairState::Broken, PairState::Throttled, PairState::Unseen] {
                    let wanted = checked.matrix.iter().filter(|(_, _, b, p)| *b == by && p.state == state);
                    assert_eq!(
                        cells(&browser, mark, class(state)),
                        wanted.count(),
                        "{size} {mark} {state:?}"
                    );
                }
            }
            assert!(browser.screenshot().len() > 3 * blank);
        }
    }
    let asked = browser.requests();
    let others: Vec<&String> =
        asked.iter().filter(|url| !url.starts_with("file:///") && !url.starts_with("data:")).collect();
    assert!(asked.len() >= 6 && others.is_empty(), "{asked:?}");
}

#[test]
#[ignore = "needs chromium: run `cargo xtask test`"]
fn what_doctor_found_is_text_and_nothing_else() {
    use crate::reporter::doctor::sample;
    let browser = Browser::start();
    for evil in HOSTILE {
        let found = sample::hostile(evil);
        browser.open(&render_findings(&found.checked, &found.case, &found.diagnosis, Lang::En), "");
        assert_eq!(browser.console(), Vec::<String>::new(), "{evil}");
        assert_eq!(browser.number("return document.querySelectorAll('#findings article').length"), 1);
        assert_eq!(browser.number("return document.querySelectorAll('script').length"), 1, "{evil}");
    }
    let found = sample::stopped(3, 3);
    browser.open(&render_findings(&found.checked, &found.case, &found.diagnosis, Lang::En), "");
    let command = "return document.querySelector('#findings article dl > div:last-child pre').textContent";
    assert_eq!(browser.text(command), "systemctl enable --now sshd");
    let asked = browser.requests();
    let own = |url: &String| ["file:///", "data:"].iter().any(|own| url.starts_with(own));
    assert!(asked.len() >= HOSTILE.len() && asked.iter().all(own), "{asked:?}");
}

#[test]
#[ignore = "needs chromium: run `cargo xtask test`"]
fn a_page_that_asks_for_something_would_be_seen() {
    let browser = Browser::start();
    assert_eq!(browser.requests(), Vec::<String>::new(), "the browser's own pages do not count");
    let image = "<img src='http://127.0.0.1:9/image'><iframe src='http://127.0.0.1:9/frame'></iframe>";
    browser.open(
        &format!("<title>curious</title>{image}<script>fetch('http://127.0.0.1:9/fetch')</script>"),
        "",
    );
    let mut asked = Vec::new();
    for wanted in ["image", "frame", "fetch"] {
        let wanted = format!("http://127.0.0.1:9/{wanted}");
        let seen = (0..1_000).any(|_| {
            asked.extend(browser.requests());
            asked.contains(&wanted)
        });
        assert!(seen, "{wanted} is not in {asked:?}");
    }
    assert!(browser.console().iter().any(|line| line.contains("127.0.0.1:9")));
}

#[test]
#[ignore = "needs chromium: run `cargo xtask test`"]
fn the_filter_shows_one_node() {
    let browser = Browser::start();
    let checked = mixed(30);
    let page = render(&checked, Lang::En);
    browser.open(&page, "");
    let all = browser.number(SEEN);
    assert!(all > 60);
    browser.type_into("#q", "NODE0004");
    let edges = checked.matrix.edges().iter().filter(|e| e.from.get() == 3 || e.to.get() == 3).count();
    browser.wait_for(SEEN, &json!(edges));
    let said = format!("Shown: pairs {edges} of {all}, nodes 1 of 30");
    browser.wait_for(ANNOUNCED, &json!(said));
    assert_eq!(browser.run("return document.querySelector('#shown').getAttribute('aria-live')"), "polite");
    let mark = "return document.querySelector('.matrix[data-by=ip] .mark').getAttribute('d')";
    assert_eq!(browser.text(mark), "M0 3H30v1H0zM3 0V30h1V0z");
    // A link to what is seen.
    let fragment = browser.text("return location.hash");
    assert_eq!(fragment, "#q=NODE0004");
    browser.open(&page, &fragment);
    browser.wait_for(ANNOUNCED, &json!(said));
    browser.click("#clear");
    browser.wait_for(SEEN, &json!(all));
    browser.wait_for("return location.hash", &json!(""));
    // A whole address is that node alone; a part is all that have it.
    for (query, nodes) in [("10.20.0.1", 1), ("0.20.0.1", 11), ("nowhere", 0), ("", 30)] {
        browser.click("#clear");
        browser.type_into("#q", query);
        browser.wait_for(
            "return document.querySelectorAll('.nodes tbody tr:not([hidden])').length",
            &json!(nodes),
        );
    }
    // The link of a trouble.
    browser.click("article .more a");
    let column = checked.matrix.edges().iter().filter(|e| e.from.get() == 1 || e.to.get() == 1).count();
    browser.wait_for(SEEN, &json!(column));
    assert_eq!(browser.text("return document.activeElement.id"), "pairs-title");
    assert_eq!(browser.console(), Vec::<String>::new());
}

#[test]
#[ignore = "needs chromium: run `cargo xtask test`"]
fn the_table_is_sorted_by_its_headers() {
    let browser = Browser::start();
    browser.open(&render(&mixed(30), Lang::Zh), "");
    let column = |place: usize, value: &str| -> Vec<Value> {
        let script = format!(
            "return Array.from(document.querySelectorAll('.pairs tbody tr'), (row) => {{ const cell = row.cells[{place}]; return {value}; }})"
        );
        browser.run(&script).as_array().unwrap().clone()
    };
    for (place, value, key) in [
        (6, "Number(cell.dataset.v)", "time"),
        (1, "Number(row.dataset.t)", "to"),
        (5, "Number(cell.textContent || -1)", "status"),
    ] {
        let header = format!(".pairs th[data-key={key}]");
        let direction = format!("return document.querySelector('{header}').getAttribute('aria-sort')");
        for (wanted, down) in [("ascending", false), ("descending", true), ("ascending", false)] {
            browser.click(&format!("{header} button"));
            browser.wait_for(&direction, &json!(wanted));
            let found = column(place, value);
            let mut sorted = found.clone();
            sorted.sort_by_key(|v| v.as_i64());
            if down {
                sorted.reverse();
            }
            assert_eq!(found, sorted, "{key} {wanted}");
            assert_ne!(found.first(), found.last(), "{key}");
        }
    }
    assert_eq!(browser.number("return document.querySelectorAll('.pairs [aria-sort]').length"), 1);
    assert_eq!(browser.console(), Vec::<String>::new());
}

#[test]
#[ignore = "needs chromium: run `cargo xtask test`"]
fn the_keyboard_is_enough() {
    let browser = Browser::start();
    browser.open(&render(&mixed(8), Lang::En), "");
    let tab_to = |selector: &str| {
        let reached = format!("return document.activeElement?.matches('{selector}') ?? false");
        assert!(
            (0..80).any(|_| {
                browser.press(TAB);
                browser.run(&reached) == true
            }),
            "{selector}"
        );
    };
    tab_to(".skip");
    tab_to(".more a");
    tab_to("#q");
    browser.press("node0003");
    browser.wait_for("return document.querySelectorAll('.nodes tbody tr:not([hidden])').length", &json!(1));
    tab_to("#clear");
    browser.press(ENTER);
    browser.wait_for("return document.activeElement.id + document.querySelector('#q').value", &json!("q"));
    // The pictures can be scrolled, and are told in words.
    tab_to("#matrix .scroll");
    tab_to("th[data-key=time] button");
    browser.press(ENTER);
    browser.wait_for(
        "return document.querySelector('th[data-key=time]').getAttribute('aria-sort')",
        &json!("ascending"),
    );
    let (role, name) = browser.spoken(".matrix");
    assert!(role == "image" || role == "img", "{role}");
    assert!(name.contains("called by address: 40 of 56 pairs work"), "{name}");
    assert_eq!(browser.spoken("#q"), ("searchbox".to_owned(), "Filter by node".to_owned()));
    assert_eq!(browser.spoken("#pairs .scroll").1, "Pairs that need attention");
}

#[test]
#[ignore = "needs chromium: run `cargo xtask test`"]
fn dark_narrow_and_without_scripts() {
    let browser = Browser::start();
    let page = render(&mixed(30), Lang::En);
    let scheme = |value: &str| {
        let features = json!([{ "name": "prefers-color-scheme", "value": value }]);
        browser.devtools("Emulation.setEmulatedMedia", &json!({ "features": features }));
    };
    let paper = "return getComputedStyle(document.body).backgroundColor";
    scheme("light");
    browser.open(&page, "");
    assert_eq!(browser.text(paper), "rgb(255, 255, 255)");
    let light = browser.screenshot();
    scheme("dark");
    browser.wait_for(paper, &json!("rgb(18, 22, 28)"));
    assert_ne!(browser.screenshot(), light);
    // At 400 pixels nothing is wider than the window, but what scrolls by itself.
    let narrow = json!({ "width": 400, "height": 800, "deviceScaleFactor": 1, "mobile": false });
    browser.devtools("Emulation.setDeviceMetricsOverride", &narrow);
    browser.wait_for("return innerWidth", &json!(400));
    assert!(browser.number("return document.documentElement.scrollWidth") <= 400);
    browser.devtools("Emulation.clearDeviceMetricsOverride", &json!({}));
    // What scripts do is not offered where they do not run.
    browser.devtools("Emulation.setScriptExecutionDisabled", &json!({ "value": true }));
    browser.open(&page, "");
    assert_eq!(browser.number("return document.querySelectorAll('thead button').length"), 0);
    assert_eq!(browser.number("return document.querySelector('#filter').offsetHeight"), 0);
    assert!(browser.number("return document.querySelector('.matrix').clientHeight") > 400);
    assert!(browser.number(SEEN) > 60);
}

#[test]
#[ignore = "needs chromium: run `cargo xtask test`"]
fn the_pointer_is_told_which_pair_it_is_at() {
    let browser = Browser::start();
    let readout = "return document.querySelector('#readout').textContent";
    for (size, wanted) in [
        (8, ["10.20.0.1 → 10.20.0.2: broken – ", "10.20.0.8 → 10.20.0.1: works"]),
        (
            400,
            [
                "10.20.0.1 … 10.20.0.2 → 10.20.0.3 … 10.20.0.4: broken",
                "10.20.1.143 … 10.20.1.144 → 10.20.0.1 … 10.20.0.2: works",
            ],
        ),
    ] {
        browser.open(
            &render(
                &checked(size, &[By::Ip], |from, to, _| match (from, to) {
                    (0, 1 | 2) => REFUSED,
                    _ => Is::Works,
                }),
                Lang::En,
            ),
            "",
        );
        browser.run("document.querySelector('.matrix').scrollIntoView()");
        let last = size.div_ceil(if size > 350 { 2 } else { 1 }) - 1;
        for ((row, column), wanted) in [(0, 1), (last, 0)].into_iter().zip(wanted) {
            let place = browser.run(&format!(
                "const svg = document.querySelector('.matrix');
                 const {{ margin, scale }} = svg.dataset;
                 const at = (cell) => Number(margin) + (cell + .5) * Number(scale);
                 const place = () => new DOMPoint(at({column}), at({row})).matrixTransform(svg.getScreenCTM());
                 scrollBy(0, place().y - innerHeight / 2);
                 return [Math.round(place().x), Math.round(place().y)];"
            ));
            let [x, y] = [0, 1].map(|i| usize::try_from(place[i].as_u64().unwrap()).unwrap());
            browser.point_at(x, y);
            browser.wait_for(&format!("{readout}.startsWith({})", json!(wanted)), &json!(true));
        }
    }
}

#[test]
#[ignore = "needs chromium: run `cargo xtask test`"]
fn hostile_words_are_words() {
    let browser = Browser::start();
    browser.open(&render(&hostile(), Lang::En), "");
    assert_eq!(browser.console(), Vec::<String>::new());
    let names = browser.run(
        "return Array.from(document.querySelectorAll('.nodes tbody tr'), (row) => row.cells[1].textContent)",
    );
    let names: Vec<&str> = names.as_array().unwrap().iter().map(|name| name.as_str().unwrap()).collect();
    assert_eq!(names.len(), HOSTILE.len());
    for (found, text) in names.iter().zip(HOSTILE) {
        assert_eq!(*found, sshtrust::text::printable(text.as_bytes()));
    }
    assert_eq!(
        browser.number(
            "return document.querySelectorAll('img, iframe, object, [onerror], [onmouseover]').length"
        ),
        0
    );
    assert_eq!(browser.number("return document.scripts.length"), 1);
    browser.type_into("#q", HOSTILE[0]);
    browser.wait_for(SEEN, &json!(2));
    assert_eq!(browser.console(), Vec::<String>::new());
    // Even if words did become a script, the policy of the page would stop it.
    let script = "const script = document.createElement('script');
        script.textContent = 'window.ran = true';
        document.body.append(script);
        return window.ran ?? false;";
    assert_eq!(browser.run(script), false);
    assert!(browser.console().iter().any(|line| line.contains("Content Security Policy")));
}

#[test]
#[ignore = "needs chromium: run `cargo xtask test`"]
fn ten_thousand_rows_are_sorted_and_filtered_in_a_moment() {
    let browser = Browser::start();
    let checked = checked(101, &[By::Ip], |_, _, _| REFUSED);
    browser.open(&render(&checked, Lang::En), "");
    assert_eq!(browser.number(SEEN), 10_000);
    let timed = |action: &str| {
        browser.number(&format!(
            "const began = performance.now(); {action}; document.body.offsetHeight; return Math.round(performance.now() - began)"
        ))
    };
    let sort = timed("document.querySelector('th[data-key=said] button').click()");
    let filter = timed(
        "const q = document.querySelector('#q'); q.value = 'node0007'; q.dispatchEvent(new Event('input'))",
    );
    let laid = "return document.querySelectorAll('.pairs tbody tr:not([hidden], .later)').length";
    assert_eq!(browser.number(SEEN), 199);
    browser.click("#clear");
    browser.wait_for(laid, &json!(500));
    browser.click("#more");
    browser.wait_for(laid, &json!(1_000));
    assert_eq!(browser.text("return document.querySelector('#more').textContent"), "Show 500 more");
    assert!(sort < 10_000 && filter < 10_000, "{sort} ms, {filter} ms");
}
