//! What the program is made of, for programs: CycloneDX 1.5 in JSON, without a time and without a number drawn by chance.

use serde_json::{Value, json};

use crate::dist::dependencies::Crate;

/// The name of the file.
pub(super) const NAME: &str = "gs_sshexkey.cdx.json";

/// The whole text.
pub(super) fn text(crates: &[Crate]) -> String {
    let own = crates.iter().find(|one| one.name == "gs_sshexkey");
    let root = own.map(|one| component(one, "application"));
    let others = crates.iter().filter(|one| one.name != "gs_sshexkey");
    let dependency = |one: &Crate| {
        let needs: Vec<String> = one.needs.iter().map(|(name, version)| purl(name, version)).collect();
        json!({ "ref": purl(&one.name, &one.version), "dependsOn": needs })
    };
    let document = json!({
        "bomFormat": "CycloneDX",
        "specVersion": "1.5",
        "version": 1,
        "metadata": { "component": root },
        "components": others.map(|one| component(one, "library")).collect::<Vec<Value>>(),
        "dependencies": crates.iter().map(dependency).collect::<Vec<Value>>(),
    });
    format!("{document:#}\n")
}

fn component(one: &Crate, kind: &str) -> Value {
    let purl = purl(&one.name, &one.version);
    let mut value = json!({
        "type": kind,
        "bom-ref": purl,
        "name": one.name,
        "version": one.version,
        "licenses": [{ "expression": one.licence.replace('/', " OR ") }],
        "purl": purl,
    });
    if let Some(digest) = &one.digest {
        value["hashes"] = json!([{ "alg": "SHA-256", "content": digest }]);
    }
    value
}

/// The name of a crate among all packages of the world.
fn purl(name: &str, version: &str) -> String {
    format!("pkg:cargo/{name}@{version}")
}
