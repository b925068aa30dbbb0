//! Keeps the metrics in memory and writes them out for Prometheus. Serving the text is left to the
//! admin surface.

use std::time::Duration;

use metrics_exporter_prometheus::{
    BuildError, Matcher, PrometheusBuilder, PrometheusHandle, PrometheusRecorder,
};

use super::names::{self, Kind};

/// How often raw samples are folded into the histograms; without it they pile up between scrapes.
const UPKEEP_EVERY: Duration = Duration::from_secs(5);

/// The metrics of this process. Clones share them.
#[derive(Clone)]
pub struct Recorder(PrometheusHandle);

/// Metrics could not be set up.
#[derive(Debug, thiserror::Error)]
pub enum BadRecorder {
    /// A histogram of the table has no bounds: a bug.
    #[error("preparing the histograms")]
    Bounds(#[from] BuildError),
    /// A recorder was installed before in this process.
    #[error("installing the metrics recorder: there is one already")]
    Taken,
}

impl Recorder {
    /// Installs the recorder all meters of this process use from now on; meters made before stay
    /// silent. `started_at_ms`: milliseconds since 1970.
    ///
    /// # Errors
    /// [`BadRecorder`] when one is installed already.
    pub fn install(started_at_ms: i64) -> Result<Self, BadRecorder> {
        let (recorder, handle) = build()?;
        metrics::set_global_recorder(recorder).map_err(|_| BadRecorder::Taken)?;
        describe(started_at_ms);
        Ok(Self(handle))
    }

    /// All metrics as Prometheus text.
    #[must_use]
    pub fn render(&self) -> String {
        self.0.render()
    }

    /// Folds raw samples into the histograms every few seconds, for ever; run it as a task and
    /// drop it at the end.
    pub async fn run_upkeep(self) {
        let mut tick = tokio::time::interval(UPKEEP_EVERY);
        loop {
            tick.tick().await;
            self.0.run_upkeep();
        }
    }
}

fn build() -> Result<(PrometheusRecorder, PrometheusHandle), BuildError> {
    let mut builder = PrometheusBuilder::new();
    for metric in names::ALL {
        if let Kind::Histogram(bounds) = metric.kind {
            builder = builder.set_buckets_for_metric(Matcher::Full(metric.name.to_owned()), bounds)?;
        }
    }
    let recorder = builder.build_recorder();
    let handle = recorder.handle();
    Ok((recorder, handle))
}

fn describe(started_at_ms: i64) {
    for metric in names::ALL {
        match metric.kind {
            Kind::Counter => metrics::describe_counter!(metric.name, metric.unit, metric.help),
            Kind::Gauge => metrics::describe_gauge!(metric.name, metric.unit, metric.help),
            Kind::Histogram(_) => metrics::describe_histogram!(metric.name, metric.unit, metric.help),
        }
    }
    #[expect(clippy::cast_precision_loss, reason = "milliseconds of this age fit an f64 exactly")]
    metrics::gauge!(names::START_TIME_SECONDS).set(started_at_ms as f64 / 1000.0);
    let profile = if cfg!(debug_assertions) { "debug" } else { "release" };
    metrics::gauge!(names::BUILD_INFO, "version" => env!("CARGO_PKG_VERSION"), "profile" => profile).set(1.0);
    super::zero::messages();
}

#[cfg(test)]
mod tests {
    use super::super::{
        CarrierMessage, CarrierMeters, LedgerMeters, ServerMeters, SurfaceMeters, activation, below_http,
        codes_unused, flussonic, parked, would_be,
    };
    use super::super::{
        breaker_open, drift, odd_rows, oldest_due, room, task_attempt, task_sent, tasks, tasks_waiting,
    };
    use super::*;

    #[test]
    fn every_metric_is_rendered_with_its_buckets() {
        let (recorder, handle) = build().expect("bounds");
        metrics::with_local_recorder(&recorder, || {
            describe(1_507_024_188_340);
            let carrier = CarrierMeters::new();
            carrier.message(CarrierMessage::Notify, "applied", "done", Duration::from_millis(3));
            carrier.refused("not_allowed");
            carrier.odd("expiredTime", 1);
            parked("unmapped", 2);
            let ledger = LedgerMeters::new();
            ledger.committed(17, Duration::from_millis(4));
            ledger.queue_depth.set(5.0);
            ledger.commit_failures.increment(1);
            let server = ServerMeters::new();
            server.connections_open.increment(1.0);
            SurfaceMeters::new("partner").answered(404);
            task_attempt("meari", "done");
            task_sent("meari", Duration::from_millis(80));
            tasks("due", 2);
            oldest_due(Duration::from_millis(1500));
            drift("cams", "preset", "mended");
            breaker_open("meari", true);
            activation("redeem", "1067", Duration::from_millis(4));
            codes_unused("4g", 7);
            super::super::vas("createOrder", "0", Duration::from_millis(4));
            super::super::prepared("alipay", "done");
            super::super::payment_callback("alipay", "settled");
            super::super::payments_kept("order_closed", 3);
            flussonic("allowed");
            below_http("tls", 1);
            would_be("unmapped", 3);
            tasks_waiting("meari", 1);
            super::super::process();
            odd_rows("cams", 2);
            room("cams", "users", 95, 100);
        });
        let text = handle.render();
        for metric in names::ALL {
            assert!(text.contains(&format!("# HELP {} ", metric.name)), "{}\n{text}", metric.name);
        }
        for line in [
            "sdp_gateway_carrier_messages_total{surface=\"notify\",outcome=\"applied\",answer=\"done\"} 1",
            "sdp_gateway_carrier_message_seconds_bucket{surface=\"notify\",le=\"0.005\"} 1",
            "sdp_gateway_carrier_message_seconds_bucket{surface=\"notify\",le=\"15\"} 1",
            "sdp_gateway_ledger_commit_notices_bucket{le=\"32\"} 1",
            "sdp_gateway_notices_parked{reason=\"unmapped\"} 2",
            "sdp_gateway_requests_total{surface=\"partner\",class=\"4xx\"} 1",
            "sdp_gateway_activation_requests_total{call=\"redeem\",code=\"1067\"} 1",
            "sdp_gateway_flussonic_answers_total{reason=\"allowed\"} 1",
            "sdp_gateway_below_http_total{kind=\"tls\"} 1",
            "sdp_gateway_codes_unused{kind=\"4g\"} 7",
            "sdp_gateway_payments_kept{why=\"order_closed\"} 3",
            "sdp_gateway_start_time_seconds 1507024188.34",
            "sdp_gateway_tasks{state=\"due\"} 2",
            "sdp_gateway_task_oldest_due_seconds 1.5",
            "sdp_gateway_task_attempts_total{provider=\"meari\",class=\"done\"} 1",
            "sdp_gateway_provider_breaker_open{provider=\"meari\"} 1",
        ] {
            assert!(text.contains(line), "{line}\n{text}");
        }
    }
}
