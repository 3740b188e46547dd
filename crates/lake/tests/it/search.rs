use std::collections::BTreeSet;

use lake::{Batch, EventFilter, FlowFilter, Lake, Order, Party, Scope, Span};

use crate::support::*;

/// Half of the flows in segments of several days, half in the buffer.
async fn filled(folder: &std::path::Path) -> Lake {
    let lake = open(folder).await;
    let origin = origin("clinic", "main");
    for day in 0..4 {
        let flows = (0..500).map(|number| flow(&origin, day * 86_400 + number)).collect();
        lake.append(batch(flows, u64::try_from(day).unwrap() + 1), at(0)).unwrap();
        if day == 1 || day == 2 {
            lake.flush().await.unwrap();
        }
    }
    lake
}

#[tokio::test]
async fn what_went_in_comes_out_from_buffer_and_segment() {
    let folder = tempfile::tempdir().unwrap();
    let lake = open(folder.path()).await;
    let origin = origin("clinic", "main");
    let flows = flows("clinic", 0..30);
    let events: Vec<_> = (0..30).map(|number| event(&origin, number)).collect();
    let batch = Batch { mark: None, flows: flows.clone(), events: events.clone() };
    assert!(lake.append(batch, at(0)).unwrap());
    for flushed in [false, true] {
        if flushed {
            assert_eq!(lake.flush().await.unwrap(), 2);
        }
        let page = lake.search(&scope("clinic"), &FlowFilter::default(), always(), Order::Oldest, 100, None).await.unwrap();
        assert_eq!(page.items, flows, "flushed: {flushed}");
        assert_eq!((page.next, page.warnings), (None, vec![]));
        let page = lake.search(&scope("clinic"), &EventFilter::default(), always(), Order::Oldest, 100, None).await.unwrap();
        assert_eq!(page.items, events, "flushed: {flushed}");
    }
}

#[tokio::test]
async fn pages_hold_every_row_once() {
    let folder = tempfile::tempdir().unwrap();
    let lake = open(folder.path()).await;
    let origin = origin("clinic", "main");
    // Seven rows each share a time, which no page's end may tear apart or repeat.
    let flows: Vec<_> = (0..700)
        .map(|number| {
            let mut row = flow(&origin, number);
            row.last = at(number / 7 * SECOND);
            row.first = row.last;
            row
        })
        .collect();
    for (index, part) in flows.chunks(100).enumerate() {
        lake.append(batch(part.to_vec(), u64::try_from(index).unwrap() + 1), at(0)).unwrap();
        if index % 2 == 0 {
            lake.flush().await.unwrap();
        }
    }
    for order in [Order::Newest, Order::Oldest] {
        let (mut seen, mut cursor) = (Vec::new(), None::<String>);
        loop {
            let (scope, all) = (scope("clinic"), FlowFilter::default());
            let page = lake.search(&scope, &all, always(), order, 11, cursor.as_deref()).await.unwrap();
            seen.extend(page.items.iter().map(|row| (row.last, row.bytes_to_client)));
            cursor = page.next;
            if cursor.is_none() {
                break;
            }
        }
        assert_eq!(seen.len(), 700);
        assert_eq!(seen.iter().map(|(_, number)| *number).collect::<BTreeSet<_>>().len(), 700, "{order:?}");
        let times: Vec<_> = seen.iter().map(|(time, _)| *time).collect();
        let mut sorted = times.clone();
        sorted.sort();
        if order == Order::Newest {
            sorted.reverse();
        }
        assert_eq!(times, sorted);
    }
}

#[tokio::test]
async fn filters_agree_with_a_walk_over_all_rows() {
    let folder = tempfile::tempdir().unwrap();
    let lake = filled(folder.path()).await;
    let all = lake.search(&scope("clinic"), &FlowFilter::default(), always(), Order::Newest, 1000, None).await.unwrap();
    assert!(all.next.is_some());
    let origin = origin("clinic", "main");
    let rows: Vec<_> =
        (0..4).flat_map(|day| (0..500).map(move |number| day * 86_400 + number)).map(|n| flow(&origin, n)).collect();
    type Case = (&'static str, FlowFilter, fn(&lake::Flow) -> bool);
    let ip = |text: &str| Party::Ip(text.parse().unwrap());
    let cases: [Case; 10] = [
        ("device at either end", FlowFilter::of_device("pump-7"), |r| r.client.device.as_deref() == Some("pump-7")),
        ("server by address", FlowFilter { servers: vec![ip("10.0.6.3")], ..Default::default() }, |r| r.port == 22),
        ("two parties", FlowFilter { ends: vec![ip("10.0.6.3"), Party::Device("pump-8".into())], ..Default::default() }, |r| {
            r.port == 22 || r.client.device.as_deref() == Some("pump-8")
        }),
        (
            "network or address",
            FlowFilter { clients: vec![Party::Network("10.0.4.8/30".parse().unwrap()), ip("10.0.4.20")], ..Default::default() },
            |r| {
                matches!(
                    r.client.ip.map(|ip| ip.to_string()).as_deref(),
                    Some("10.0.4.8" | "10.0.4.9" | "10.0.4.10" | "10.0.4.11" | "10.0.4.20")
                )
            },
        ),
        ("name", FlowFilter { server_names: vec!["pacs.example".into()], ..Default::default() }, |r| r.server_name.is_some()),
        ("port", FlowFilter { ports: vec![104, 445], ..Default::default() }, |r| [104, 445].contains(&r.port)),
        ("not encrypted", FlowFilter { encrypted: Some(false), ..Default::default() }, |r| r.encryption.is_none()),
        ("phi", FlowFilter { phi: Some(true), ..Default::default() }, |r| r.phi > 0),
        ("bytes", FlowFilter { min_bytes: Some(200_000), ..Default::default() }, |r| {
            r.bytes_to_client + r.bytes_to_server >= 200_000
        }),
        (
            "all at once",
            FlowFilter {
                ports: vec![22],
                sensors: vec!["east".into()],
                transports: vec!["tcp".into()],
                ..FlowFilter::of_device("pump-3")
            },
            |r| r.port == 22 && r.client.device.as_deref() == Some("pump-3"),
        ),
    ];
    for (name, filter, keeps) in cases {
        let page = lake.search(&scope("clinic"), &filter, always(), Order::Oldest, 1000, None).await.unwrap();
        let mut expected: Vec<_> = rows.iter().filter(|row| keeps(row)).cloned().collect();
        expected.sort_by_key(|row| row.last);
        expected.truncate(1000);
        assert!(!expected.is_empty(), "{name}");
        assert_eq!(page.items, expected, "{name}");
    }
}

#[tokio::test]
async fn a_span_takes_what_touches_it() {
    let folder = tempfile::tempdir().unwrap();
    let lake = filled(folder.path()).await;
    let span = Span { from: at(DAY + 10 * SECOND), before: at(DAY + 20 * SECOND) };
    let page = lake.search(&scope("clinic"), &FlowFilter::default(), span, Order::Oldest, 100, None).await.unwrap();
    assert_eq!(page.items.len(), 10);
    // One that began before and ended within.
    let span = Span { from: at(DAY + 10 * SECOND + 1), before: at(DAY + 10 * SECOND + 2) };
    let page = lake.search(&scope("clinic"), &FlowFilter::default(), span, Order::Oldest, 100, None).await.unwrap();
    assert_eq!(page.items.iter().map(|row| row.first).collect::<Vec<_>>(), [at(DAY + 10 * SECOND)]);
}

#[tokio::test]
async fn a_histogram_counts_every_row_of_its_span_once() {
    let folder = tempfile::tempdir().unwrap();
    let lake = filled(folder.path()).await;
    let span = Span { from: at(0), before: at(4 * DAY) };
    let histogram = lake.histogram(&scope("clinic"), &FlowFilter::default(), span, 8).await.unwrap();
    let counts: Vec<u64> = histogram.buckets.iter().map(|bucket| bucket.rows).collect();
    assert_eq!(counts, [500, 0, 500, 0, 500, 0, 500, 0]);
    assert_eq!(histogram.buckets[2].bytes, (0..500).map(|n| 1_000 + 86_400 + n).sum::<u64>());
    let one = lake.histogram(&scope("clinic"), &FlowFilter::of_device("pump-7"), span, 1).await.unwrap();
    assert_eq!(one.buckets[0].rows, 40);
}

#[tokio::test]
async fn a_scope_shows_nothing_of_others() {
    let folder = tempfile::tempdir().unwrap();
    let lake = open(folder.path()).await;
    for (number, (tenant, site)) in [("a", "x"), ("a", "y"), ("b", "x")].into_iter().enumerate() {
        let origin = origin(tenant, site);
        for (half, range) in [(0, 0..10), (1, 10..20)] {
            let flows = range.map(|n| flow(&origin, n)).collect();
            lake.append(Batch { flows, ..Batch::default() }, at(0)).unwrap();
            if half == 0 && number < 2 {
                lake.flush().await.unwrap();
            }
        }
    }
    let count = async |tenant: &str, sites: Option<Vec<&str>>| {
        let sites = sites.map(|sites| sites.into_iter().map(str::to_owned).collect());
        let scope = Scope { tenant: tenant.to_owned(), sites };
        let page = lake.search(&scope, &FlowFilter::default(), always(), Order::Newest, 1000, None).await.unwrap();
        assert!(page.items.iter().all(|row| row.origin.tenant == tenant));
        page.items.len()
    };
    assert_eq!(count("a", None).await, 40);
    assert_eq!(count("a", Some(vec!["y"])).await, 20);
    assert_eq!(count("a", Some(vec![])).await, 0);
    assert_eq!(count("b", None).await, 20);
    assert_eq!(count("c", None).await, 0);
}

#[tokio::test]
async fn a_foreign_cursor_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let lake = open(folder.path()).await;
    for bad in ["", "x", "1", "1.x", "1.-1", "1.99999999"] {
        let asked = lake.search(&scope("a"), &FlowFilter::default(), always(), Order::Newest, 10, Some(bad)).await;
        assert!(matches!(asked, Err(lake::Error::Cursor)), "{bad}");
    }
}
