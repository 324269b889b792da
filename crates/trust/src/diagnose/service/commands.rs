//! Commands that start sshd, change its settings, and let it read them.

use crate::diagnose::{Case, Command};
use crate::inventory::NodeIx;
use crate::observe::{Init, Service};
use crate::text::sh_quote;

/// The file of sshd's settings. The first value of a keyword counts, so that a line at its top wins.
const SETTINGS: &str = "/etc/ssh/sshd_config";

/// What is known of sshd on a node.
fn service(case: &Case, node: NodeIx) -> Option<&Service> {
    case.node(node)?.evidence.as_ref().map(|evidence| &evidence.service)
}

/// Starts sshd, now and at every boot.
pub(super) fn start(case: &Case, node: NodeIx) -> Vec<Command> {
    let Some(service) = service(case, node) else {
        return vec![
            // Without this folder, which only a service that runs may have, it says no more.
            Command::root("mkdir -p -m 755 /run/sshd && \"$(command -v sshd)\" -t"),
            Command::root(
                "systemctl enable --now sshd || systemctl enable --now ssh || service sshd start || \
                 service ssh start || \"$(command -v sshd)\"",
            ),
        ];
    };
    let unit = &service.unit;
    match service.init {
        Init::Systemd => start_unit(service),
        // sshd goes to the background before it listens.
        Init::Sysv => {
            let stop = format!("service {unit} stop");
            vec![Command::root(format!("service {unit} start && sleep 1")).undo(stop)]
        }
        Init::Nothing => {
            let stop = "kill \"$(cat /run/sshd.pid)\"";
            vec![Command::root("\"$(command -v sshd)\" && sleep 1").undo(stop)]
        }
    }
}

fn start_unit(service: &Service) -> Vec<Command> {
    let known = |ending: &str| {
        let id = format!("{}.{ending}", service.unit);
        service.units.iter().find(move |unit| unit.id == id)
    };
    // Where systemd itself listens, the socket is what has to be started.
    let by_socket = known("socket").is_some_and(|unit| unit.enabled == "enabled");
    let ending = if by_socket { "socket" } else { "service" };
    let unit = format!("{}.{ending}", service.unit);
    let (masked, was_enabled) =
        known(ending).map_or((false, false), |unit| (unit.load == "masked", unit.enabled == "enabled"));
    let mut commands = Vec::new();
    if masked {
        commands
            .push(Command::root(format!("systemctl unmask {unit}")).undo(format!("systemctl mask {unit}")));
    }
    let undo = if was_enabled { "stop" } else { "disable --now" };
    // One that failed too often is not started again before that is forgotten.
    let run = format!("systemctl reset-failed {unit} 2>/dev/null; systemctl enable --now {unit}");
    commands.push(Command::root(run).undo(format!("systemctl {undo} {unit}")));
    commands
}

/// Ends a sshd that says nothing, and starts another one.
pub(super) fn restart(case: &Case, node: NodeIx) -> Vec<Command> {
    let Some(service) = service(case, node) else {
        return vec![Command::root(
            "pkill -CONT -o -x sshd; systemctl restart sshd || systemctl restart ssh || service sshd restart || \
             service ssh restart",
        )];
    };
    let unit = &service.unit;
    let go_on =
        service.process.as_ref().map_or_else(String::new, |process| format!("kill -CONT {}; ", process.pid));
    let run = match service.init {
        Init::Systemd => format!("systemctl restart {unit}.service"),
        Init::Sysv => format!("{go_on}service {unit} restart && sleep 1"),
        Init::Nothing => {
            format!("{go_on}kill \"$(cat /run/sshd.pid)\"; sleep 1; \"$(command -v sshd)\" && sleep 1")
        }
    };
    vec![Command::root(run)]
}

/// Lets sshd read its settings again. Connections live on.
pub(super) fn reload(case: &Case, node: NodeIx) -> String {
    let Some(service) = service(case, node) else {
        return "{ systemctl reload sshd || systemctl reload ssh || service sshd reload || service ssh reload; } && \
                sleep 1"
            .to_owned();
    };
    let unit = &service.unit;
    // It stops listening for a moment.
    match service.init {
        Init::Systemd => format!("systemctl reload-or-try-restart {unit}.service && sleep 1"),
        Init::Sysv => format!("service {unit} reload && sleep 1"),
        Init::Nothing => "kill -HUP \"$(cat /run/sshd.pid)\" && sleep 1".to_owned(),
    }
}

/// Puts a line at the top of sshd's settings, and lets it read them.
pub(super) fn set(case: &Case, node: NodeIx, line: &str) -> Command {
    let reload = reload(case, node);
    let quoted = sh_quote(line);
    let insert = sh_quote(&format!("1i {line}"));
    let undo = format!("[ \"$(head -n 1 {SETTINGS})\" != {quoted} ] || sed -i 1d {SETTINGS}; {reload}");
    Command::root(format!("sed -i {insert} {SETTINGS} && {reload}")).undo(undo)
}
