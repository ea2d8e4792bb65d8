//! The tables of the section.

use std::time::Duration;

use super::{
    Figures, Start,
    endpoints::{CONNECTIONS, Endpoint, Measured},
    peers::GOAL,
    replies::Burst,
};
use crate::{
    document::Table,
    figures::{ms, percentile, times, whole},
};

const START_GOAL: Duration = Duration::from_millis(200);
const MEMORY_GOAL_MIB: f64 = 60.0;

impl Figures {
    /// All tables, each with its title.
    pub(super) fn markdown(&self) -> String {
        let [on_disk, in_memory] = &self.endpoints;
        let titled = |title: &str, table: String| format!("{title}\n\n{table}");
        [
            titled(&format!("{CONNECTIONS} connections, data in a folder:"), rates(on_disk)),
            titled(&format!("{CONNECTIONS} connections, data in memory:"), rates(in_memory)),
            titled("From the POST to the reply, less the model's 200 ms:", replies(&self.replies)),
            titled("Start and memory:", self.start_and_memory()),
        ]
        .join("\n")
    }

    fn start_and_memory(&self) -> String {
        let mut table = Table::new(&["", "figure:", "goal:"]);
        let mut row = |what: &str, figure: String, goal: String| {
            table.row(&[what.to_owned(), figure, goal]);
        };
        let time_goal = format!("≤ {} ms", ms(START_GOAL));
        let memory_goal = format!("≤ {MEMORY_GOAL_MIB} MiB");
        let mib = |mib: f64| format!("{mib:.0} MiB");
        let [empty, filled] = &self.starts;
        let mut start = |on: &str, start: &Start| {
            let time = format!("{} ms", ms(start.first_answer));
            row(&format!("start to first answer, {on}"), time, time_goal.clone());
            row(&format!("idle, {on}"), mib(start.resident_mib), memory_goal.clone());
        };
        start("no data yet", empty);
        start("on the data of the load", filled);
        let (local, valkey) = self.resident_mib;
        row("after the load", mib(local), String::new());
        row("Valkey beside it", valkey.map_or("none".to_owned(), mib), String::new());
        table.into_text()
    }
}

fn rates(measured: &[Measured]) -> String {
    let mut table = Table::new(&[
        "request",
        "requests/s:",
        "p50 ms:",
        "p99 ms:",
        "CPU ms:",
        "Valkey's CPU ms:",
        "this program's CPU ms:",
        "requests/s to the predecessors':",
        "their CPU to ours:",
    ]);
    for one in measured {
        let Measured { endpoint, driven, cpu } = one;
        let best = endpoint.best_of_predecessors();
        let valkey = driven.per_request(driven.cpu.valkey);
        let compared = |ratio: Option<f64>| {
            let verdict = |ratio: f64| if ratio >= GOAL { "" } else { " (below the goal)" };
            ratio.map_or("–".to_owned(), |ratio| format!("{}{}", times(ratio), verdict(ratio)))
        };
        table.row(&[
            endpoint.title().to_owned(),
            whole(driven.rate()),
            ms(percentile(&driven.latencies, 50)),
            ms(percentile(&driven.latencies, 99)),
            format!("{:.3}", cpu.as_secs_f64() * 1_000.0),
            format!("{:.3}", valkey.as_secs_f64() * 1_000.0),
            format!("{:.3}", driven.per_request(driven.cpu.own).as_secs_f64() * 1_000.0),
            compared(best.as_ref().map(|best| driven.rate() / best.rate)),
            compared(best.as_ref().map(|best| best.cpu.div_duration_f64(*cpu + valkey))),
        ]);
    }
    table.into_text()
}

fn replies(bursts: &[(Burst, Vec<Duration>)]) -> String {
    let columns = ["messages at once", "times:", "p50 ms:", "p95 ms:", "max ms:", "goal"];
    let mut table = Table::new(&columns);
    for (burst, waits) in bursts {
        let at_once = burst.users * burst.each;
        let goal = match at_once {
            1 => "≤ 15 ms",
            50 => "all ≤ 200 ms",
            _ => "",
        };
        let [p50, p95, max] = [50, 95, 100].map(|percent| ms(percentile(waits, percent)));
        let cells = [burst.title(), burst.rounds.to_string(), p50, p95, max];
        table.row(&[&cells[..], &[goal.to_owned()]].concat());
    }
    table.into_text()
}

impl Endpoint {
    fn title(self) -> &'static str {
        match self {
            Self::Me => "`GET /user/me`",
            Self::Rooms => "`GET /chatroom` (10 rooms, cached)",
            Self::Messages => "`GET …/messages` (20)",
            Self::OpenRoom => "`POST /chatroom`",
            Self::Send => "`POST …/message`, CPU with its reply",
        }
    }
}
