//! A container on a node, as Docker and its relatives make them: other mounts and other processes, the same kernel.

use crate::error::LabError;
use crate::node::Node;

/// A container with an agent of its own, until the node ends.
#[derive(Debug, Clone)]
pub struct Container {
    /// Its process 1, as the node sees it.
    pid: String,
    user: String,
    socket: String,
}

/// Process 1 of the container. `$1`: home, `$2`: user number, `$3`: the socket.
///
/// The home is another one at the same path, so the socket and the command line are those of an agent of the node.
const INSIDE: &str = r#"
mount -t tmpfs -o mode=755,size=4m tmpfs "$1"; chown "$2:$2" "$1"
dir=${3%/*}; mkdir -p "$dir"; chmod 700 "$dir"; chown "$2:$2" "$dir"
setpriv --reuid "$2" --regid "$2" --clear-groups ssh-agent -D -a "$3" >/dev/null 2>&1 &
until [ -S "$3" ]; do sleep 0.01; done
echo ready >&3; exec 3>&-
while :; do wait $! && exit; sleep 2147483647 & done
"#;
/// Starts it, and prints its process number when the agent listens. `$1` to `$3` as above, `$4`: the script.
const START: &str = r#"
pipe=$(mktemp -u /run/gs-lab-container.XXXXXX); mkfifo "$pipe"
unshare --mount --pid --fork --mount-proc sh -c "$4" container "$1" "$2" "$3" 3>"$pipe" >/dev/null 2>&1 </dev/null &
read -r word <"$pipe" && rm -f "$pipe" && [ "$word" = ready ] || exit 1
cat /proc/$!/task/$!/children
"#;

impl Node {
    /// Starts a container on the node, in which an `ssh-agent` of this user listens at this path: the same path as one
    /// of the node's may have, and another socket. It ends with the node.
    ///
    /// # Errors
    /// When the node is dead, there is no such user, or the container does not start.
    pub fn container_with_agent(&self, user: &str, socket: &str) -> Result<Container, LabError> {
        self.check_alive()?;
        let who = self.user(user)?;
        let mut command = self.command("root");
        command.args(["sh", "-c", START, "sh", &who.home(), &who.uid.to_string(), socket, INSIDE]);
        let output = command.output().map_err(LabError::io("run", "unshare"))?;
        let pid = String::from_utf8_lossy(&output.stdout).trim().to_owned();
        if !output.status.success() || pid.is_empty() {
            let stderr = String::from_utf8_lossy(&output.stderr).into_owned();
            return Err(LabError::Tool { program: "unshare", stderr });
        }
        Ok(Container { pid, user: user.to_owned(), socket: socket.to_owned() })
    }

    /// Whether the agent of a container on this node answers. No other agent can have taken its place: nothing in the
    /// container starts one.
    ///
    /// # Errors
    /// When the node is dead.
    pub fn agent_answers_in(&self, container: &Container) -> Result<bool, LabError> {
        let Container { pid, user, socket } = container;
        let uid = self.user(user)?.uid;
        let ask = format!(
            "nsenter -t {pid} --mount --pid -- setpriv --reuid {uid} --regid {uid} --clear-groups \
             env SSH_AUTH_SOCK={socket} ssh-add -l; [ $? -le 1 ]"
        );
        Ok(self.sh("root", &ask)?.status.success())
    }
}
