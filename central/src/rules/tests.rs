//! Rules files: the shipped one reads, and a bad one is told about as a whole.

use super::*;

fn faults(text: &str) -> String {
    Rules::from_toml(text)
        .unwrap_err()
        .iter()
        .map(|fault| format!("{fault}\n"))
        .collect()
}

#[test]
fn the_shipped_rules_read_and_raise_every_kind() {
    let rules = Rules::from_toml(DEFAULT_TOML).unwrap();
    let kinds: Vec<_> = rules.rules.iter().map(|rule| rule.kind.name()).collect();
    assert_eq!(
        kinds,
        [
            "coincidence",
            "surge",
            "slowdown",
            "voyage",
            "shift",
            "dark_count",
            "ledger",
            "growth"
        ]
    );
}

#[test]
fn every_fault_is_told_at_once_with_line_and_key() {
    let text = "[time]\nlateness_h = \"long\"\nlatenes_h = 3\n[[rule]]\nid = \"x\"\nkind = \"coincidence\"\nsignals = [\"dock\", \"submarine\"]\n\
                [[rule]]\nid = \"x\"\nkind = \"sloowdown\"\n[[rule]]\nid = \"y\"\nkind = \"voyage\"\nspeed_min_kn = 20\nspeed_max_kn = 10\n";
    let told = faults(text);
    for expected in [
        "line 2: `time.lateness_h` is \"long\": expected a number from 0 to 168",
        "line 3: `time.latenes_h` is no key here: did you mean `lateness_h`?",
        "names `submarine`",
        "is `sloowdown`: expected one of",
        "rule \"y\".speed_min_kn",
    ] {
        assert!(told.contains(expected), "{expected} in:\n{told}");
    }
}

#[test]
fn a_rule_that_can_never_fire_is_a_fault() {
    assert!(
        faults("[[rule]]\nid = \"x\"\nkind = \"coincidence\"\nsignals = [\"dock\"]\n").contains("at least two kinds")
    );
    assert!(
        faults("[time]\nlateness_h = 168\n[baseline]\nguard_days = 5\n[[rule]]\nid=\"x\"\nkind=\"surge\"\n")
            .contains("guard_days")
    );
}

#[test]
fn text_that_is_no_toml_names_the_line() {
    assert!(faults("[time]\nlateness_h = = 3\n").starts_with("line 2: `file` is not TOML"));
}

#[test]
fn the_manual_has_every_key() {
    let manual = include_str!("../../../docs/RULES.md");
    let sections: [&[keys::KeyDoc]; 12] = [
        TimeRules::KEYS,
        CallRules::KEYS,
        Baseline::KEYS,
        TankerVolume::KEYS,
        Coincidence::KEYS,
        Surge::KEYS,
        Slowdown::KEYS,
        VoyageRule::KEYS,
        Shift::KEYS,
        Ledger::KEYS,
        DarkCount::KEYS,
        Growth::KEYS,
    ];
    for (key, default, _, _, doc) in sections.into_iter().flatten() {
        let row = format!("| `{key}` | {default} |");
        assert!(
            manual.contains(&row) && manual.contains(doc),
            "docs/RULES.md lacks: {row} ... {doc}"
        );
    }
}
