//! x
use super::samples::*;
use super::*;
#[test]
fn dump() {
    let put = |name: &str, checked: &Checked| {
        for lang in Lang::ALL {
            std::fs::write(format!("/tmp/pages/{name}-{}.html", lang.tag()), render(checked, lang)).unwrap();
        }
    };
    std::fs::create_dir_all("/tmp/pages").unwrap();
    put("h3", &healthy(3));
    put("m8", &mixed(8));
    put("m30", &mixed(30));
    put("c30", &crossed(30));
    put("h300", &healthy(300));
    put("m300", &mixed(300));
    put("c300", &crossed(300));
    put("q300", &chequered(300));
    put("c1000", &crossed(1000));
    put("q1000", &chequered(1000));
    put("x", &hostile());
}
