//! Working alerts, silences, rules and zones over HTTP; exports; the console's files.

use super::*;

#[tokio::test]
async fn an_alert_is_acknowledged_until_escalated_noted_and_found_by_every_filter() {
    let served = Served::start().await;
    served.take_look(1);
    let act = async |verb: &str, body: Value| served.post(Role::Analyst, &format!("{ALERT}/{verb}"), &body).await;
    let past = act("acknowledge", json!({"revision": 1, "until": NOW.to_string()})).await;
    assert_eq!(past.status, 400, "{}", past.body);
    let until = NOW.plus_ms(3_600_000).to_string();
    let alert = act("acknowledge", json!({"revision": 1, "until": until, "note": "mine"}))
        .await
        .json();
    assert_eq!(
        (&alert["state"], &alert["acknowledged_until"]),
        (&json!("acknowledged"), &json!(until))
    );
    assert_eq!(
        act("escalate", json!({"revision": 2})).await.json()["state"],
        "escalated"
    );
    assert_eq!(act("note", json!({"revision": 3, "note": " "})).await.status, 400);
    assert_eq!(
        act("note", json!({"revision": 3, "note": "call the duty officer"}))
            .await
            .status,
        200
    );
    for (query, count) in [
        ("state=escalated", 1),
        ("state=open", 0),
        ("state=open,escalated", 1),
        ("severity=warning", 1),
        ("severity=critical,info", 0),
        ("kind=coincidence", 1),
        ("rule=simple", 1),
        ("rule=other", 0),
        ("site=vostochny", 1),
        ("q=LOOK%20came", 1),
        ("q=nothing", 0),
        ("unread=true", 1),
        ("unread=false", 0),
        ("silenced=false", 1),
        ("sort=severity", 1),
    ] {
        let list = served.get(&format!("/api/v1/alerts?{query}")).await.json();
        assert_eq!(list["alerts"].as_array().unwrap().len(), count, "{query}");
    }
    let groups = served.get("/api/v1/alerts/groups?by=site").await.json();
    assert_eq!(
        groups["groups"][0],
        json!({"key": "vostochny", "count": 1, "unread": 1, "worst": "warning", "newest_at": alert["opened_at"]})
    );
}

#[tokio::test]
async fn what_a_person_read_is_read_for_them_only() {
    let served = Served::start().await;
    served.take_look(1);
    assert_eq!(
        served
            .post(Role::Viewer, &format!("{ALERT}/read"), &json!({}))
            .await
            .status,
        204
    );
    assert_eq!(served.get(ALERT).await.json()["unread"], false);
    let other = served
        .send("GET", ALERT, &served.browser(Role::Analyst), "")
        .await
        .json();
    assert_eq!(other["unread"], true);
    assert_eq!(
        served
            .post(Role::Analyst, "/api/v1/alerts/read-all", &json!({}))
            .await
            .status,
        204
    );
    let other = served
        .send("GET", ALERT, &served.browser(Role::Analyst), "")
        .await
        .json();
    assert_eq!(other["unread"], false);
}

#[tokio::test]
async fn a_silence_is_made_listed_and_ended() {
    let served = Served::start().await;
    served.take_look(1);
    let until = NOW.plus_ms(3_600_000).to_string();
    for bad in [
        json!({"until": until, "reason": "works"}),
        json!({"site": "vostochny", "until": NOW.to_string(), "reason": "works"}),
        json!({"site": "vostochny", "until": until, "reason": " "}),
        json!({"site": "", "until": until, "reason": "works"}),
    ] {
        assert_eq!(
            served.post(Role::Analyst, "/api/v1/silences", &bad).await.status,
            400,
            "{bad}"
        );
    }
    let body = json!({"site": "vostochny", "until": until, "reason": "works on the quay"});
    let made = served.post(Role::Analyst, "/api/v1/silences", &body).await;
    assert_eq!(made.status, 201, "{}", made.body);
    assert_eq!(served.get(ALERT).await.json()["silenced"], true);
    let id = made.json()["id"].as_i64().unwrap();
    let ended = served
        .send(
            "DELETE",
            &format!("/api/v1/silences/{id}"),
            &served.browser(Role::Analyst),
            "",
        )
        .await;
    assert_eq!(ended.status, 204);
    assert_eq!(served.get(ALERT).await.json()["silenced"], false);
    let list = |query: &str| format!("/api/v1/silences{query}");
    assert_eq!(served.get(&list("")).await.json()["silences"], json!([]));
    assert_eq!(
        served.get(&list("?ended=true")).await.json()["silences"][0]["ended_by"],
        "analyst"
    );
}

#[tokio::test]
async fn rules_are_previewed_saved_and_reverted_and_two_edits_at_once_do_not_lose_one() {
    let served = Served::start().await;
    let rules = served.get("/api/v1/rules").await.json();
    assert_eq!((&rules["revision"], &rules["source"]), (&json!(1), &json!("file")));
    let text = rules["text"].as_str().unwrap();
    let bad = served
        .post(
            Role::Analyst,
            "/api/v1/rules/preview",
            &json!({"text": "[[rule]]\nid = 1\n"}),
        )
        .await;
    assert_eq!(bad.status, 422, "{}", bad.body);
    assert!(!bad.json()["faults"].as_array().unwrap().is_empty());
    let preview = served
        .post(Role::Analyst, "/api/v1/rules/preview", &json!({"text": text}))
        .await
        .json();
    assert_eq!(preview["days"], 90);
    let admin = served.browser(Role::Admin);
    let put = async |body: Value| served.send("PUT", "/api/v1/rules", &admin, &body.to_string()).await;
    let edited = format!("{text}\n# edited\n");
    assert_eq!(
        put(json!({"revision": 1, "text": edited, "note": ""})).await.status,
        400,
        "why is missing"
    );
    assert_eq!(
        put(json!({"revision": 1, "text": edited, "note": "try"})).await.json()["revision"],
        2
    );
    let lost = put(json!({"revision": 1, "text": text, "note": "other"})).await;
    assert_eq!((lost.status, lost.json()["revision"].as_i64()), (409, Some(2)));
    let reverted = served
        .post(Role::Admin, "/api/v1/rules/revert", &json!({"revision": 2, "to": 1}))
        .await;
    assert_eq!(reverted.json()["revision"], 3, "{}", reverted.body);
    let now = served.get("/api/v1/rules").await.json();
    assert_eq!(
        (&now["text"], &now["source"], &now["saved_by"]),
        (&json!(text), &json!("console"), &json!("admin"))
    );
    let revisions = served.get("/api/v1/rules/revisions").await.json();
    assert_eq!(revisions["revisions"].as_array().unwrap().len(), 3);
}

#[tokio::test]
async fn zones_are_saved_only_whole_and_for_their_own_site() {
    let served = Served::start().await;
    let admin = served.browser(Role::Admin);
    let put = async |text: &str| {
        let body = json!({"revision": 1, "text": text, "note": "n"}).to_string();
        served.send("PUT", "/api/v1/sites/vostochny", &admin, &body).await
    };
    assert_eq!(put("{}").await.status, 422);
    let other = put(&SITE.replace("\"site\":\"vostochny\"", "\"site\":\"elsewhere\"")).await;
    assert_eq!(other.status, 422, "{}", other.body);
    assert_eq!(
        put(&SITE.replace("Vostochny", "Port Vostochny")).await.json()["revision"],
        2
    );
    assert_eq!(
        served.get("/api/v1/sites/vostochny").await.json()["name"],
        "Port Vostochny"
    );
}

#[tokio::test]
async fn every_export_comes_with_its_media_type_and_none_may_run_script() {
    let served = Served::start().await;
    served.take_look(1);
    for format in crate::export::Format::ALL {
        let answer = served.get(&format!("{ALERT}/export/{}", format.name())).await;
        assert_eq!(answer.status, 200, "{}", format.name());
        let media = format.media().to_lowercase();
        assert!(
            answer.head.contains(&format!("content-type: {media}")),
            "{}",
            answer.head
        );
        assert!(
            answer.head.contains("content-security-policy: default-src 'none'"),
            "{}",
            answer.head
        );
        assert!(
            answer.head.contains("x-content-type-options: nosniff"),
            "{}",
            answer.head
        );
        // Only the page to print is shown; what could be taken for one is saved.
        let is_saved = answer.head.contains("content-disposition: attachment; filename=");
        assert_eq!(is_saved, format != crate::export::Format::Html, "{}", answer.head);
        assert!(
            answer.body.contains("simple-vostochny") || answer.body.contains("A look came."),
            "{}",
            answer.body
        );
    }
    assert_eq!(served.get(&format!("{ALERT}/export/pdf")).await.status, 404);
}

#[tokio::test]
async fn console_files_are_told_apart_by_their_etag_and_come_compressed() {
    let served = Served::start().await;
    let first = served.get("/").await;
    let etag = first
        .head
        .lines()
        .find_map(|line| line.strip_prefix("etag: "))
        .unwrap()
        .to_owned();
    let again = served.send("GET", "/", &format!("if-none-match: {etag}\r\n"), "").await;
    assert_eq!((again.status, again.body.as_str()), (304, ""));
    assert_eq!(
        served.get("/alerts/some-alert").await.body,
        first.body,
        "a place inside the console"
    );
    assert_eq!(served.get("/missing.js").await.status, 404);
    assert_eq!(served.send("POST", "/", "", "").await.status, 405);
    let packed = served.send("GET", "/", "accept-encoding: br, gzip\r\n", "").await;
    assert!(
        packed.head.contains("content-encoding: gzip") || first.body.len() < 1_024,
        "{}",
        packed.head
    );
}

#[tokio::test]
async fn a_sink_is_tried_by_an_admin_and_the_try_is_in_the_audit_trail() {
    let served = Served::start().await;
    let tried = served
        .post(Role::Admin, "/api/v1/notify/test", &json!({"sink": "log"}))
        .await;
    assert_eq!(tried.json(), json!({"delivered": true}));
    assert_eq!(
        served
            .post(Role::Admin, "/api/v1/notify/test", &json!({"sink": "none"}))
            .await
            .status,
        404
    );
    let trail = served
        .send("GET", "/api/v1/audit", &served.browser(Role::Admin), "")
        .await
        .json();
    assert_eq!(trail["entries"][0]["action"], "notify.test");
    let sinks = served
        .send("GET", "/api/v1/notify", &served.browser(Role::Analyst), "")
        .await
        .json();
    assert_eq!(sinks["sinks"][0]["name"], "log");
}

#[tokio::test]
async fn a_hostile_name_of_a_site_a_reason_and_a_note_are_text_in_every_answer() {
    const HOSTILE: &str = "<img src=x onerror=\"document.title='taken'\">";
    let served = Served::start().await;
    served.take_look(1);
    let admin = served.browser(Role::Admin);
    let mut site: Value = serde_json::from_str(SITE).unwrap();
    site["name"] = json!(HOSTILE);
    let edit = json!({"revision": 1, "text": site.to_string(), "note": HOSTILE}).to_string();
    assert_eq!(
        served
            .send("PUT", "/api/v1/sites/vostochny", &admin, &edit)
            .await
            .status,
        200
    );
    let person = json!({"name": HOSTILE, "role": "analyst", "password": PASSWORD});
    assert_eq!(served.post(Role::Admin, "/api/v1/users", &person).await.status, 400);
    let silence = json!({"site": "vostochny", "until": NOW.plus_ms(60_000), "reason": HOSTILE});
    assert_eq!(
        served.post(Role::Analyst, "/api/v1/silences", &silence).await.status,
        201
    );
    let note = json!({"revision": served.get(ALERT).await.json()["revision"], "note": HOSTILE});
    assert_eq!(
        served.post(Role::Analyst, &format!("{ALERT}/note"), &note).await.status,
        200
    );
    for path in [
        "/api/v1/sites",
        "/api/v1/silences",
        ALERT,
        "/api/v1/sites/vostochny/revisions",
    ] {
        let answer = served.send("GET", path, &admin, "").await;
        assert!(
            answer.body.contains(&json!(HOSTILE).to_string()),
            "{path}: {}",
            answer.body
        );
        assert!(
            answer.head.contains("json") && answer.head.contains("nosniff"),
            "{path}: {}",
            answer.head
        );
    }
    for format in crate::export::Format::ALL {
        let answer = served.get(&format!("{ALERT}/export/{}", format.name())).await;
        let may_hold = format == crate::export::Format::Csv;
        assert!(
            may_hold || !answer.body.contains("<img"),
            "{}: {}",
            format.name(),
            answer.body
        );
    }
}
