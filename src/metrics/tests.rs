use super::*;

fn text(metrics: &Arc<Metrics>) -> String {
    metrics.text(Gauges::default()).unwrap()
}

fn has(metrics: &Arc<Metrics>, line: &str) -> bool {
    text(metrics).lines().any(|it| it == line)
}

fn refused(connection: Option<&ConnectionId>) -> Attempt<'_> {
    Attempt {
        operation: Operation::SignIn,
        outcome: Outcome::Refused("audience"),
        connection,
    }
}

#[test]
fn successes_of_all_threads_are_one_count() {
    let metrics = Arc::new(Metrics::default());
    let attempt = Attempt {
        operation: Operation::AssumeRoleWithSaml,
        outcome: Outcome::Succeeded,
        connection: None,
    };
    std::thread::scope(|scope| {
        for _ in 0..20 {
            scope.spawn(|| metrics.ended(attempt));
        }
    });
    let line = "rolegate_attempts_total{operation=\"AssumeRoleWithSAML\",outcome=\"succeeded\",check=\"\",connection=\"\"} 20";
    assert!(has(&metrics, line), "{}", text(&metrics));
}

#[test]
fn a_refusal_is_counted_by_check_and_connection() {
    let metrics = Arc::new(Metrics::default());
    let partners = "partners".parse().unwrap();
    metrics.ended(refused(Some(&partners)));
    metrics.ended(refused(Some(&partners)));
    metrics.ended(refused(None));
    let line = |connection: &str, count: u32| {
        format!(
            "rolegate_attempts_total{{operation=\"SignIn\",outcome=\"refused\",check=\"audience\",connection=\"{connection}\"}} {count}"
        )
    };
    assert!(has(&metrics, &line("partners", 2)) && has(&metrics, &line("", 1)));
    metrics.retain_connections(|_| false);
    assert!(!text(&metrics).contains("partners"));
    assert!(has(&metrics, &line("", 1)));
}

#[test]
fn more_connections_than_are_kept_apart_are_counted_together() {
    let metrics = Arc::new(Metrics::default());
    for number in 0..20_000 {
        let connection = format!("c{number}").parse().unwrap();
        metrics.ended(refused(Some(&connection)));
    }
    let series = text(&metrics).matches("outcome=\"refused\"").count();
    assert_eq!(series, 10_001);
    assert!(text(&metrics).contains("connection=\"\"} 10000\n"));
}

#[test]
fn a_step_is_measured_until_it_is_over() {
    let metrics = Arc::new(Metrics::default());
    assert!(!text(&metrics).contains("rolegate_step_seconds_bucket"));
    drop(metrics.time(Operation::SignIn, Step::Prove));
    let labels = "operation=\"SignIn\",step=\"prove\"";
    let told = text(&metrics);
    let last = format!("le=\"+Inf\",{labels}");
    let first = format!("{labels},le=\"+Inf\"");
    assert!(told.contains(&last) || told.contains(&first), "{told}");
    assert!(has(
        &metrics,
        &format!("rolegate_step_seconds_count{{{labels}}} 1")
    ));
}

#[test]
fn what_is_open_is_counted_until_it_is_dropped() {
    let metrics = Arc::new(Metrics::default());
    let line = |count: &str| format!("rolegate_connections{{listener=\"main\"}} {count}");
    let one = metrics.connections.one();
    assert!(has(&metrics, &line("1.0")), "{}", text(&metrics));
    drop(one);
    assert!(has(&metrics, &line("0.0")));
}

#[test]
fn values_of_labels_are_escaped_and_series_are_bounded() {
    let metrics = Arc::new(Metrics::default());
    let hostile = |number: usize| Gauge {
        labels: vec![("issuer", format!("{number}\"\n\\"))],
        value: 1.5,
    };
    let gauges = Gauges::default().with("x", "X", (0..MAX_SERIES + 5).map(hostile));
    let told = metrics.text(gauges).unwrap();
    assert!(
        told.contains("rolegate_x{issuer=\"0\\\"\\n\\\\\"} 1.5\n"),
        "{told}"
    );
    assert_eq!(told.matches("rolegate_x{").count(), MAX_SERIES);
}

#[test]
fn errors_of_the_store_are_counted_by_call() {
    let metrics = Arc::new(Metrics::default());
    metrics.store_failed("head");
    metrics.store_failed("head");
    assert!(has(
        &metrics,
        "rolegate_store_errors_total{call=\"head\"} 2"
    ));
}
