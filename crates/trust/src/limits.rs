//! How long to wait for what. One value, which goes in from outside with the options of every command, so that a test
//! of what happens *after* a wait need not sit through it.

use std::time::Duration;

/// How long to wait for what.
///
/// There are two kinds: within some real work has to end, however busy the machine; others only say when to stop waiting
/// for an answer that will not come. [`Limits::scaled`] shortens the second kind alone, and none below what a healthy
/// but slow node needs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// TCP to a node's sshd.
    pub tcp: Duration,
    /// The key exchange with a node that is needed: some servers ask slow name servers before they say a word.
    pub key_exchange: Duration,
    /// The same where the others do not need the node: as long as the nodes' own `ssh` waits. Nobody calls before all
    /// have answered or not.
    pub brief_key_exchange: Duration,
    /// One try to log in. Slow name servers and PAM modules are common; `LoginGraceTime` is 120 seconds.
    pub login: Duration,
    /// The answer of a server that was asked to run a command: it opens a session of PAM, which may mount a home.
    pub session: Duration,
    /// A login shell, until our own shell runs: slow profiles and slow name servers included.
    pub startup: Duration,
    /// The same where nothing is to be changed: one node that is slow is not to hold up what is known of the others.
    pub brief_startup: Duration,
    /// A call to a node that has let us in and did not answer for one of the two above: it is known how that ends. All
    /// together stays below what a person waits for.
    pub brief_call: Duration,
    /// How often an open connection is asked for a sign of life. After three without an answer it is lost.
    pub alive: Duration,
    /// Waits between tries of a server that throttles; its penalties last some 15 seconds.
    pub back_off: [Duration; 5],
    /// One call from node to node, all in all. Slow name servers take up to 60 seconds.
    pub call: Duration,
    /// Within a call: TCP and the banner (`ConnectTimeout`), in whole seconds.
    pub call_connect: Duration,
    /// Within a call: a server that says nothing (`ServerAliveInterval`), in whole seconds, twice. That bounds the key
    /// exchange, which `ConnectTimeout` does not.
    pub call_silence: Duration,
    /// Calls that a server turned away.
    pub retries: Retries,
    /// Another run that has the lock of a node.
    pub lock: Duration,
    /// After this time without a sign of life of the coordinator a node undoes the change by itself; in whole seconds.
    pub patience: Duration,
    /// How often the coordinator gives that sign: several times within [`Limits::patience`].
    pub renewal: Duration,
    /// One step of a change on a node. Writing waits for the disk of a busy node.
    pub step: Duration,
    /// A node's vote to keep the change. All others wait for it, with old and new bytes at hand, so it is short.
    pub prepare: Duration,
}

/// When a call is tried again that a server turned away as one too many.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Retries {
    /// First pause of a server that throttles; doubled at each try.
    pub pause: Duration,
    /// First pause where it says that we are penalised: sshd's shortest penalty is 15 seconds long.
    pub penalty: Duration,
    /// Longest pause.
    pub longest: Duration,
    /// A server that turned everybody away for so long is not asked again and again.
    pub hopeless: Duration,
}

const fn seconds(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

impl Default for Retries {
    fn default() -> Self {
        Self {
            pause: Duration::from_millis(500),
            penalty: seconds(5),
            longest: seconds(16),
            hopeless: seconds(60),
        }
    }
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            tcp: seconds(10),
            key_exchange: seconds(60),
            brief_key_exchange: seconds(20),
            login: seconds(60),
            // A login waits 25 seconds for a logind that is dead.
            session: seconds(27),
            startup: seconds(60),
            brief_startup: seconds(27),
            brief_call: seconds(8),
            alive: seconds(10),
            back_off: [
                Duration::from_millis(200),
                Duration::from_millis(800),
                seconds(3),
                seconds(6),
                seconds(10),
            ],
            call: seconds(60),
            call_connect: seconds(20),
            call_silence: seconds(20),
            retries: Retries::default(),
            lock: seconds(30),
            patience: seconds(150),
            renewal: seconds(20),
            step: seconds(90),
            prepare: seconds(10),
        }
    }
}

impl Limits {
    /// These limits times a factor, for tests: only those that are waited out when nothing comes, and none below what a
    /// healthy node needs on a machine that is busy with other tests. A factor that is none changes nothing.
    #[must_use]
    pub fn scaled(self, factor: f64) -> Self {
        if !factor.is_finite() || factor <= 0.0 {
            return self;
        }
        // None becomes longer by its floor; whole seconds, because nodes count in them.
        let to = |limit: Duration, floor: u64| {
            let scaled = seconds((limit.as_secs_f64() * factor).ceil() as u64);
            scaled.max(seconds(floor).min(limit))
        };
        let part = |pause: Duration| pause.mul_f64(factor);
        let Retries { pause, penalty, longest, hopeless } = self.retries;
        Self {
            // That a neighbour does not answer is known after three seconds.
            tcp: to(self.tcp, 5),
            key_exchange: to(self.key_exchange, 12),
            brief_key_exchange: to(self.brief_key_exchange, 10),
            login: self.login,
            session: to(self.session, 8),
            startup: to(self.startup, 12),
            brief_startup: to(self.brief_startup, 12),
            brief_call: self.brief_call,
            alive: to(self.alive, 4),
            back_off: self.back_off.map(part),
            call: to(self.call, 24),
            call_connect: to(self.call_connect, 8),
            call_silence: to(self.call_silence, 8),
            retries: Retries {
                pause: part(pause),
                penalty: part(penalty),
                longest: part(longest),
                hopeless: part(hopeless),
            },
            lock: to(self.lock, 3),
            patience: to(self.patience, 55),
            renewal: to(self.renewal, 2),
            step: to(self.step, 45),
            prepare: to(self.prepare, 4),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What has to hold between limits, or one would cut another short.
    fn fit(limits: &Limits) {
        assert!(limits.renewal * 5 < limits.patience, "{limits:?}");
        // A sign of life waits for the step that is under way.
        assert!(limits.step + limits.renewal < limits.patience, "{limits:?}");
        assert!(limits.prepare < limits.step, "{limits:?}");
        assert!(limits.call_connect < limits.call && limits.call_silence * 2 < limits.call, "{limits:?}");
        assert!(limits.brief_key_exchange < limits.key_exchange, "{limits:?}");
        assert!(limits.retries.pause <= limits.retries.longest, "{limits:?}");
        assert!(limits.retries.longest < limits.retries.hopeless, "{limits:?}");
        let whole = [limits.call, limits.call_connect, limits.call_silence, limits.patience];
        assert!(whole.iter().all(|limit| limit.subsec_nanos() == 0 && limit.as_secs() > 0), "{limits:?}");
    }

    #[test]
    fn limits_fit_together_at_every_scale() {
        fit(&Limits::default());
        (1..=100).for_each(|percent| fit(&Limits::default().scaled(f64::from(percent) / 100.0)));
    }

    #[test]
    fn the_real_limits_are_these() {
        let real = Limits::default();
        assert_eq!(
            [
                real.tcp,
                real.key_exchange,
                real.brief_key_exchange,
                real.login,
                real.session,
                real.startup,
                real.brief_startup
            ]
            .map(|l| l.as_secs()),
            [10, 60, 20, 60, 27, 60, 27]
        );
        assert_eq!(
            [real.alive, real.call, real.call_connect, real.call_silence].map(|l| l.as_secs()),
            [10, 60, 20, 20]
        );
        assert_eq!(
            [real.lock, real.patience, real.renewal, real.step, real.prepare].map(|l| l.as_secs()),
            [30, 150, 20, 90, 10]
        );
        let Retries { pause, penalty, longest, hopeless } = real.retries;
        assert_eq!([pause, penalty, longest, hopeless].map(|l| l.as_millis()), [500, 5_000, 16_000, 60_000]);
        // sshd's shortest penalty is 15 seconds long.
        assert!(real.back_off.iter().sum::<Duration>() > seconds(15));
    }

    #[test]
    fn scaling_shortens_what_is_waited_for_in_vain_down_to_a_floor() {
        let real = Limits::default();
        assert_eq!((real.scaled(1.0), real.scaled(0.0), real.scaled(f64::NAN)), (real, real, real));
        let half = real.scaled(0.5);
        assert_eq!((half.patience, half.call, half.lock), (seconds(75), seconds(30), seconds(15)));
        assert_eq!(half.login, real.login, "a login is work");
        let least = real.scaled(1e-9);
        assert_eq!((least.patience, least.call, least.step), (seconds(55), seconds(24), seconds(45)));
        assert!(least.retries.longest < Duration::from_millis(1), "nobody has to wait for a pause");
    }
}
