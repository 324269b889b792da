//! openGauss's cluster XML, as far as it says which machines there are.
//!
//! `<ROOT>` has a `<CLUSTER>` with `<PARAM name="nodeNames" value="node1,node2"/>` and a `<DEVICELIST>` with a `<DEVICE>`
//! for each node, whose PARAMs are `name`, `backIp1` and `sshIp1`. See "Creating an XML Configuration File" in
//! openGauss's installation guide. A node is reached by `sshIp1`, or by `backIp1` where there is no such; of several
//! addresses in one value the first counts. `sshPort`, in a DEVICE or for all in CLUSTER, is this program's own: the
//! format has no place for a port.

use std::collections::{HashMap, HashSet};
use std::net::IpAddr;

use roxmltree::{Document, Node, ParsingOptions};

use super::{Clash, Cluster, MOST_NODES, Member, Mistake, NodeSpec, is_host_name, port};
use crate::text::printable;

/// Most XML nodes that are read: a file of the largest size has fewer that mean anything.
const MOST_ELEMENTS: u32 = 400_000;

/// What is wrong in a cluster XML.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum XmlMistake {
    /// The bytes are not UTF-8.
    #[error("not UTF-8")]
    Encoding,
    /// The text is no XML, or has a DTD.
    #[error("no XML that can be read: {0}")]
    Syntax(String),
    /// The outermost element is not ROOT.
    #[error("the outermost element is <{0}>, not <ROOT>")]
    Root(String),
    /// An element is missing.
    #[error("there is no <{0}>")]
    MissingElement(&'static str),
    /// An element without what it needs.
    #[error("this <{element}> has no PARAM \"{param}\"")]
    MissingParam {
        /// Of which element.
        element: &'static str,
        /// Which.
        param: &'static str,
    },
    /// A PARAM without `name` or `value`.
    #[error("this PARAM has no {0}")]
    MissingAttribute(&'static str),
    /// A PARAM that comes twice in one element.
    #[error("the PARAM \"{0}\" stands here a second time")]
    RepeatedParam(String),
    /// A value that is no address.
    #[error("{param} is no IP address: '{value}'")]
    BadAddress {
        /// Of which PARAM.
        param: String,
        /// What it says.
        value: String,
    },
    /// A value that is no port.
    #[error("sshPort must be 22 or 1025 to 65534, not '{0}'")]
    BadPort(String),
    /// A value that is no host name.
    #[error("no host name: '{0}'")]
    BadName(String),
    /// A DEVICE that nodeNames leaves out.
    #[error("nodeNames does not have the name of this DEVICE, {0}")]
    NotInNodeNames(String),
    /// A name of nodeNames without a DEVICE.
    #[error("nodeNames has {0}, but no DEVICE has that name")]
    NoDevice(String),
    /// A name that stands in nodeNames twice.
    #[error("nodeNames has {0} more than once")]
    NameTwice(String),
    /// More devices than [`MOST_NODES`].
    #[error("there are more than {MOST_NODES} nodes")]
    TooMany,
    /// The nodes contradict each other.
    #[error(transparent)]
    Clash(#[from] Clash),
}

type Mistakes = Vec<Mistake<XmlMistake>>;

/// Reads a cluster XML. `default_port` is that of nodes without one.
///
/// # Errors
/// Every mistake, in the order of lines.
pub fn parse_xml(bytes: &[u8], default_port: u16) -> Result<Cluster, Mistakes> {
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    let text = std::str::from_utf8(bytes).map_err(|error| {
        let before = bytes.get(..error.valid_up_to()).unwrap_or_default();
        let line = before.iter().filter(|b| **b == b'\n').count() + 1;
        vec![Mistake { line, error: XmlMistake::Encoding }]
    })?;
    let options = ParsingOptions { nodes_limit: MOST_ELEMENTS, ..ParsingOptions::default() };
    let document = Document::parse_with_options(text, options).map_err(|error| {
        let line = usize::try_from(error.pos().row).unwrap_or_default();
        vec![Mistake { line, error: XmlMistake::Syntax(printable(error.to_string().as_bytes())) }]
    })?;
    let mut reader = Reader { document: &document, mistakes: Vec::new() };
    let members = reader.read(default_port);
    let mut mistakes = reader.mistakes;
    // Contradictions between nodes of which some could not be read would only confuse.
    if mistakes.is_empty() {
        match Cluster::new(members) {
            Ok(cluster) => return Ok(cluster),
            Err(clashes) => mistakes.extend(clashes.into_iter().map(located)),
        }
    }
    mistakes.sort_by_key(|mistake| mistake.line);
    Err(mistakes)
}

/// A clash with the line that its origin names.
fn located(clash: Clash) -> Mistake<XmlMistake> {
    let line = clash.origin().strip_prefix("line ").and_then(|n| n.parse().ok()).unwrap_or(1);
    Mistake { line, error: clash.into() }
}

struct Reader<'a, 'input> {
    document: &'a Document<'input>,
    mistakes: Mistakes,
}

/// The PARAMs of an element by name, each with its node and its value without blanks around it.
type Params<'a, 'input> = HashMap<&'a str, (Node<'a, 'input>, &'a str)>;

impl<'a, 'input> Reader<'a, 'input> {
    fn read(&mut self, default_port: u16) -> Vec<Member> {
        let root = self.document.root_element();
        if !root.has_tag_name("ROOT") {
            self.wrong(root, XmlMistake::Root(printable(root.tag_name().name().as_bytes())));
            return Vec::new();
        }
        let cluster = self.child(root, "CLUSTER").map(|node| (node, self.params(node)));
        let list = self.child(root, "DEVICELIST");
        let default_port = match &cluster {
            Some((_, params)) => self.port(params).unwrap_or(default_port),
            None => default_port,
        };
        let devices: Vec<Node<'a, 'input>> =
            list.iter().flat_map(Node::children).filter(|node| node.has_tag_name("DEVICE")).collect();
        if let Some(list) = list.filter(|_| devices.is_empty()) {
            self.wrong(list, XmlMistake::MissingElement("DEVICE"));
        }
        if let Some(device) = devices.get(MOST_NODES) {
            self.wrong(*device, XmlMistake::TooMany);
            return Vec::new();
        }
        let mut named: Vec<(Node<'a, 'input>, &str)> = Vec::new();
        let mut members = Vec::new();
        for device in devices {
            let params = self.params(device);
            let name = self.name(device, &params);
            named.extend(name.map(|name| (device, name)));
            let port = self.port(&params).unwrap_or(default_port);
            let ip = self.address(device, &params);
            if let (Some(ip), Some(name)) = (ip, name) {
                let origin = format!("line {}", self.line(device));
                let (spec, name) = (NodeSpec { ip, port }, Some(name.to_owned()));
                members.push(Member { spec, name, called: Vec::new(), origin });
            }
        }
        if let Some((node, params)) = cluster {
            self.node_names(node, &params, &named);
        }
        members
    }

    fn line(&self, node: Node) -> usize {
        usize::try_from(self.document.text_pos_at(node.range().start).row).unwrap_or_default()
    }

    fn wrong(&mut self, node: Node, error: XmlMistake) {
        self.mistakes.push(Mistake { line: self.line(node), error });
    }

    fn child(&mut self, of: Node<'a, 'input>, name: &'static str) -> Option<Node<'a, 'input>> {
        let found = of.children().find(|node| node.has_tag_name(name));
        if found.is_none() {
            self.wrong(of, XmlMistake::MissingElement(name));
        }
        found
    }

    fn params(&mut self, of: Node<'a, 'input>) -> Params<'a, 'input> {
        let mut params = Params::new();
        for node in of.children().filter(|node| node.has_tag_name("PARAM")) {
            let Some(name) = node.attribute("name") else {
                self.wrong(node, XmlMistake::MissingAttribute("name"));
                continue;
            };
            // What has nothing to do with reaching the machines is openGauss's business.
            if !["nodeNames", "name", "backIp1", "sshIp1", "sshPort"].contains(&name) {
                continue;
            }
            let Some(value) = node.attribute("value") else {
                self.wrong(node, XmlMistake::MissingAttribute("value"));
                continue;
            };
            if params.insert(name, (node, value.trim())).is_some() {
                self.wrong(node, XmlMistake::RepeatedParam(name.to_owned()));
            }
        }
        params
    }

    fn port(&mut self, params: &Params<'a, 'input>) -> Option<u16> {
        let (node, value) = params.get("sshPort")?;
        let port = port(value);
        if port.is_none() {
            self.wrong(*node, XmlMistake::BadPort(printable(value.as_bytes())));
        }
        port
    }

    fn name(&mut self, device: Node<'a, 'input>, params: &Params<'a, 'input>) -> Option<&'a str> {
        let Some((node, value)) = params.get("name") else {
            self.wrong(device, XmlMistake::MissingParam { element: "DEVICE", param: "name" });
            return None;
        };
        if !is_host_name(value) {
            self.wrong(*node, XmlMistake::BadName(printable(value.as_bytes())));
            return None;
        }
        Some(value)
    }

    /// `sshIp1`, else `backIp1`. An empty value is none.
    fn address(&mut self, device: Node<'a, 'input>, params: &Params<'a, 'input>) -> Option<IpAddr> {
        let given = |name| params.get(name).filter(|(_, value)| !value.is_empty()).map(|found| (name, found));
        let Some((param, (node, value))) = given("sshIp1").or_else(|| given("backIp1")) else {
            self.wrong(device, XmlMistake::MissingParam { element: "DEVICE", param: "backIp1" });
            return None;
        };
        let first = value.split(',').next().unwrap_or_default().trim();
        let ip = first.parse::<IpAddr>().ok();
        if ip.is_none() {
            let (param, value) = (param.to_owned(), printable(first.as_bytes()));
            self.wrong(*node, XmlMistake::BadAddress { param, value });
        }
        ip.map(|ip| ip.to_canonical())
    }

    /// `nodeNames` and the names of the devices are the same set.
    fn node_names(&mut self, cluster: Node, params: &Params, devices: &[(Node, &str)]) {
        let Some((node, value)) = params.get("nodeNames") else {
            self.wrong(cluster, XmlMistake::MissingParam { element: "CLUSTER", param: "nodeNames" });
            return;
        };
        let mut listed: HashSet<&str> = HashSet::new();
        for name in value.split(',').map(str::trim).filter(|name| !name.is_empty()) {
            if !listed.insert(name) {
                self.wrong(*node, XmlMistake::NameTwice(printable(name.as_bytes())));
            } else if !devices.iter().any(|(_, device)| *device == name) {
                self.wrong(*node, XmlMistake::NoDevice(printable(name.as_bytes())));
            }
        }
        for (device, name) in devices.iter().filter(|(_, name)| !listed.contains(name)) {
            self.wrong(*device, XmlMistake::NotInNodeNames((*name).to_owned()));
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const GOOD: &str = r#"<?xml version="1.0" encoding="UTF-8"?>
<ROOT>
  <CLUSTER>
    <PARAM name="clusterName" value="Cluster_template" />
    <PARAM name="nodeNames" value="node1_hostname,node2, node3"/>
    <PARAM name="gaussdbAppPath" value="/opt/huawei/install/app" />
  </CLUSTER>
  <!-- the machines -->
  <DEVICELIST>
    <DEVICE sn="node1_hostname">
      <PARAM name="name" value="node1_hostname"/>
      <PARAM name="azName" value="AZ1"/>
      <PARAM name="backIp1" value="192.168.0.1"/>
      <PARAM name="sshIp1" value="192.168.1.1"/>
      <PARAM name="dataNode1" value="/data/dn,node2,/data/dn"/>
    </DEVICE>
    <DEVICE sn="node2">
      <PARAM name="name" value=" node2 "/>
      <PARAM name="backIp1" value="192.168.0.2, 192.168.9.2"/>
      <PARAM name="sshIp1" value=""/>
      <PARAM name="sshPort" value="2222"/>
    </DEVICE>
    <DEVICE sn="node3">
      <PARAM name="name" value="node3"/>
      <PARAM name="backIp1" value="FD00:0::3"/>
    </DEVICE>
  </DEVICELIST>
</ROOT>
"#;

    fn nodes(text: &str) -> Vec<String> {
        parse_xml(text.as_bytes(), 22).unwrap().nodes.iter().map(ToString::to_string).collect()
    }

    fn mistakes(text: &str) -> Vec<String> {
        parse_xml(text.as_bytes(), 22).unwrap_err().iter().map(ToString::to_string).collect()
    }

    #[test]
    fn good() {
        let cluster = parse_xml(GOOD.as_bytes(), 22).unwrap();
        assert_eq!(nodes(GOOD), ["192.168.1.1", "192.168.0.2:2222", "fd00::3"]);
        let names: Vec<&str> = cluster.names.iter().flatten().map(String::as_str).collect();
        assert_eq!(names, ["node1_hostname", "node2", "node3"]);
        let bom = format!("\u{feff}{}", GOOD.replace('\n', "\r\n"));
        assert_eq!(parse_xml(bom.as_bytes(), 22), Ok(cluster));
        let elsewhere: Vec<u16> =
            parse_xml(GOOD.as_bytes(), 2200).unwrap().nodes.iter().map(|n| n.port).collect();
        assert_eq!(elsewhere, [2200, 2222, 2200]);
        let all = GOOD.replace("<CLUSTER>", "<CLUSTER><PARAM name='sshPort' value='2201'/>");
        assert_eq!(nodes(&all), ["192.168.1.1:2201", "192.168.0.2:2222", "[fd00::3]:2201"]);
    }

    #[test]
    fn one_mistake_each() {
        let cases = [
            (("192.168.1.1", "node1"), "line 14: sshIp1 is no IP address: 'node1'"),
            (("192.168.1.1", "192.168.0.2"), "line 17: node2 has the same address as"),
            (("value=\"2222\"", "value=\"80\""), "line 21: sshPort must be 22 or 1025 to 65534, not '80'"),
            (
                ("<PARAM name=\"backIp1\" value=\"FD00:0::3\"/>", ""),
                "line 23: this <DEVICE> has no PARAM \"backIp1\"",
            ),
            (
                ("value=\"node3\"", "value=\"no de\""),
                "line 5: nodeNames has node3, but no DEVICE has that name",
            ),
            ((", node3\"", "\""), "line 23: nodeNames does not have the name of this DEVICE, node3"),
            ((", node3\"", ",node2,node3\""), "line 5: nodeNames has node2 more than once"),
            (("<PARAM name=\"azName\"", "<PARAM nam=\"azName\""), "line 12: this PARAM has no name"),
            (("name=\"azName\"", "name=\"name\""), "line 12: the PARAM \"name\" stands here a second time"),
            (("<ROOT>", "<ROOT><CLUSTER/>"), "line 2: this <CLUSTER> has no PARAM \"nodeNames\""),
            (("FD00:0::3", "ff02::1"), "line 23: ff02::1: a multicast address"),
            (("</ROOT>", ""), "line"),
            (
                ("<ROOT>", "<!DOCTYPE a [<!ENTITY b 'c'>]><ROOT>"),
                "line 1: no XML that can be read: XML with DTD",
            ),
        ];
        for ((from, to), wanted) in cases {
            let said = mistakes(&GOOD.replacen(from, to, 1));
            assert!(said.iter().any(|line| line.starts_with(wanted)), "{from} -> {to}: {said:#?}");
        }
    }

    #[test]
    fn all_mistakes_at_once_and_in_order() {
        let text = GOOD.replace("192.168.1.1", "x\u{1b}").replace('\u{1b}', "&#9;").replace("2222", "0");
        let said = mistakes(&text.replace("value=\"node3\"", "value=\"-\""));
        assert_eq!(said.len(), 4, "{said:#?}");
        assert_eq!(mistakes("<a/>"), ["line 1: the outermost element is <a>, not <ROOT>"]);
        assert_eq!(
            mistakes("<ROOT/>"),
            ["line 1: there is no <CLUSTER>", "line 1: there is no <DEVICELIST>"]
        );
        let encoding = parse_xml(b"<ROOT>\n\xff</ROOT>", 22).unwrap_err();
        assert_eq!(encoding, [Mistake { line: 2, error: XmlMistake::Encoding }]);
        for text in ["", "10.0.0.1\n", "<ROOT>", "<ROOT><CLUSTER>"] {
            assert!(!mistakes(text).is_empty(), "{text}");
        }
    }

    #[test]
    fn too_many_nodes_are_refused() {
        let device = "<DEVICE><PARAM name='name' value='n'/></DEVICE>";
        let text = format!("<ROOT><CLUSTER/><DEVICELIST>{}</DEVICELIST></ROOT>", device.repeat(1_001));
        assert!(mistakes(&text).iter().any(|line| line.contains("more than 1000 nodes")));
    }

    proptest! {
        #[test]
        fn any_bytes_give_an_answer(bytes in proptest::collection::vec(any::<u8>(), 0..400)) {
            let _ = parse_xml(&bytes, 22);
        }

        #[test]
        fn a_damaged_file_gives_an_answer(at in 0..GOOD.len(), byte: u8) {
            let mut bytes = GOOD.as_bytes().to_vec();
            bytes[at] = byte;
            if let Err(mistakes) = parse_xml(&bytes, 22) {
                prop_assert!(!mistakes.is_empty() && mistakes.iter().all(|m| m.line >= 1));
            }
        }
    }
}
