use super::*;
use crate::correlate::hull::Hull;

fn end(site: usize, number: i64) -> Arc<End> {
    Arc::new(End {
        site,
        id: format!("{site}#{number:03}").into(),
        hull: Hull::default(),
        arrival: (number, number),
        departure: Some((number, number)),
        last_ms: number,
        existence: 1.0,
        dark: true,
        heard: false,
        mmsi: None,
        tanker: false,
        evidence: Arc::new([]),
        arrives: true,
        departs: true,
    })
}

/// Departures and arrivals, each of which could be any other's, the surer the nearer their numbers.
fn tangle(count: i64) -> Graph {
    let mut graph = Graph::default();
    for from in 0..count {
        for to in 0..count {
            let leg = Leg {
                from: end(0, from),
                to: end(1, to),
                probability: 0.9 - 0.01 * (from - to).abs() as f64,
            };
            graph.back.insert((leg.to.id.clone(), leg.from.id.clone()));
            graph.edges.insert((leg.from.id.clone(), leg.to.id.clone()), leg);
        }
    }
    graph
}

/// Numbers of departure and arrival of each chosen leg.
fn chosen(graph: &Graph) -> Vec<(i64, i64)> {
    let mut legs: Vec<_> = (graph.chosen()).map(|leg| (leg.from.last_ms, leg.to.last_ms)).collect();
    legs.sort_unstable();
    legs
}

#[test]
fn a_part_that_hangs_together_is_chosen_as_a_whole() {
    let mut graph = tangle(24);
    assert!(graph.edges.len() <= PART_LEGS_MAX);
    graph.choose(BTreeSet::from([end(0, 7).id.clone()]));
    assert_eq!(chosen(&graph), (0..24).map(|at| (at, at)).collect::<Vec<_>>());
}

#[test]
fn in_a_tangle_only_what_changed_chooses_and_no_end_is_used_twice() {
    let mut graph = tangle(26);
    assert!(graph.edges.len() > PART_LEGS_MAX);
    graph.choose(BTreeSet::from([end(0, 7).id.clone(), end(1, 9).id.clone()]));
    assert_eq!(chosen(&graph), [(7, 7), (9, 9)]);
    // The neighbour's own leg is taken: it makes do with the next surest.
    graph.edges.remove(&(end(0, 8).id.clone(), end(1, 8).id.clone()));
    graph.choose(BTreeSet::from([end(0, 8).id.clone()]));
    let legs = chosen(&graph);
    assert_eq!(legs.len(), 3, "{legs:?}");
    assert!(legs.contains(&(7, 7)) && legs.contains(&(9, 9)), "{legs:?}");
    // 7 and 9 are in use: 6 and 10 are as near as each other, and the earlier name goes first.
    assert!(legs.contains(&(8, 6)), "{legs:?}");
    // What changes again gives its leg up first, and so finds it free.
    graph.choose(BTreeSet::from([end(0, 7).id.clone()]));
    assert_eq!(chosen(&graph), legs);
}
