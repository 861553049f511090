//! Coming in and going out, users, tokens.

use super::*;

fn cookie_of(answer: &Answer) -> String {
    let line = answer
        .head
        .lines()
        .find(|line| line.starts_with("set-cookie:"))
        .unwrap();
    assert!(line.contains("httponly") && line.contains("samesite=strict"), "{line}");
    line.split_once("quaywatch_session=")
        .unwrap()
        .1
        .split(';')
        .next()
        .unwrap()
        .to_owned()
}

fn login(name: &str, password: &str) -> String {
    json!({"name": name, "password": password}).to_string()
}

#[tokio::test]
async fn a_person_comes_in_works_and_goes_out() {
    let served = Served::start().await;
    let answer = served
        .send("POST", "/api/v1/session", "", &login("ANALYST", PASSWORD))
        .await;
    assert_eq!(answer.status, 200, "{}", answer.body);
    let (cookie, csrf) = (cookie_of(&answer), answer.json()["csrf"].as_str().unwrap().to_owned());
    let mine = format!("cookie: quaywatch_session={cookie}\r\n");
    let session = served.send("GET", "/api/v1/session", &mine, "").await.json();
    assert_eq!(
        (session["user"]["name"].as_str(), session["csrf"].as_str()),
        (Some("analyst"), Some(csrf.as_str()))
    );
    let out = |headers: String| async move { headers };
    let without = served.send("DELETE", "/api/v1/session", &mine, "").await;
    assert_eq!(without.status, 403, "no CSRF token");
    let with = out(format!("{mine}x-csrf-token: {csrf}\r\n")).await;
    assert_eq!(served.send("DELETE", "/api/v1/session", &with, "").await.status, 204);
    assert_eq!(
        served.send("GET", "/api/v1/alerts", &mine, "").await.status,
        401,
        "the cookie is worth nothing now"
    );
}

#[tokio::test]
async fn wrong_passwords_and_unknown_names_get_the_same_answer_and_then_a_pause() {
    let served = Served::start().await;
    let wrong = served
        .send("POST", "/api/v1/session", "", &login("viewer", "wrong password"))
        .await;
    let unknown = served
        .send("POST", "/api/v1/session", "", &login("nobody", "wrong password"))
        .await;
    assert_eq!((wrong.status, &wrong.body), (401, &unknown.body));
    for _ in 0..4 {
        served
            .send("POST", "/api/v1/session", "", &login("viewer", "wrong password"))
            .await;
    }
    let paused = served
        .send("POST", "/api/v1/session", "", &login("viewer", PASSWORD))
        .await;
    assert_eq!(paused.status, 429, "even the right one waits");
    assert!(paused.head.contains("retry-after: "), "{}", paused.head);
    served.clock.set(NOW.plus_ms(60_000));
    let later = served
        .send("POST", "/api/v1/session", "", &login("viewer", PASSWORD))
        .await;
    assert_eq!(later.status, 200, "{}", later.body);
}

#[tokio::test]
async fn the_first_admin_is_made_by_the_link_and_by_nothing_else() {
    let served = Served::start_with(HttpRules::default(), false).await;
    assert_eq!(
        served.send("GET", "/api/v1/session", "", "").await.json()["setup_required"],
        true
    );
    let link = Secret::new("").unwrap();
    let mut store = Store::open(&served.folder.path().join("q.db")).unwrap();
    let mut batch = store.begin().unwrap();
    batch.offer_setup(&link.hash(), NOW).unwrap();
    batch.commit().unwrap();
    let body = |token: &str, password: &str| json!({"token": token, "name": "Ana", "password": password}).to_string();
    let set_up = async |body: String| served.send("POST", "/api/v1/setup", "", &body).await;
    assert_eq!(set_up(body("guess", PASSWORD)).await.status, 403);
    assert_eq!(set_up(body(link.reveal(), "short")).await.status, 400);
    let made = set_up(body(link.reveal(), PASSWORD)).await;
    assert_eq!(made.json()["user"]["role"], "admin", "{}", made.body);
    let mine = format!("cookie: quaywatch_session={}\r\n", cookie_of(&made));
    assert_eq!(served.send("GET", "/api/v1/users", &mine, "").await.status, 200);
    assert_eq!(set_up(body(link.reveal(), PASSWORD)).await.status, 409, "once");
}

#[tokio::test]
async fn a_new_user_must_choose_a_password_before_anything_else() {
    let served = Served::start().await;
    let new = json!({"name": "Ben", "role": "analyst", "password": "first password 1"});
    assert_eq!(served.post(Role::Admin, "/api/v1/users", &new).await.status, 201);
    let answer = served
        .send("POST", "/api/v1/session", "", &login("Ben", "first password 1"))
        .await;
    let csrf = answer.json()["csrf"].as_str().unwrap().to_owned();
    assert_eq!(answer.json()["user"]["must_change_password"], true);
    let mine = format!(
        "cookie: quaywatch_session={}\r\nx-csrf-token: {csrf}\r\n",
        cookie_of(&answer)
    );
    assert_eq!(served.send("GET", "/api/v1/alerts", &mine, "").await.status, 403);
    let change = |current: &str| json!({"current": current, "new": "second password 2"}).to_string();
    let choose = async |body: String| served.send("POST", "/api/v1/session/password", &mine, &body).await;
    assert_eq!(choose(change("wrong password")).await.status, 400);
    assert_eq!(choose(change("first password 1")).await.status, 204);
    assert_eq!(served.send("GET", "/api/v1/alerts", &mine, "").await.status, 200);
    let old = served
        .send("POST", "/api/v1/session", "", &login("Ben", "first password 1"))
        .await;
    assert_eq!(old.status, 401);
}

#[tokio::test]
async fn a_token_reads_and_commands_by_its_role_without_cookie_and_csrf() {
    let served = Served::start().await;
    served.take_look(1);
    let new = json!({"name": "script", "role": "analyst", "expires_days": 1});
    let made = served.post(Role::Admin, "/api/v1/tokens", &new).await;
    assert_eq!(made.status, 201, "{}", made.body);
    let made = made.json();
    let token = made["token"].as_str().unwrap();
    let mine = format!("authorization: Bearer {token}\r\n");
    let close = format!("{ALERT}/close");
    let body = json!({"revision": 1, "reason": "benign"}).to_string();
    assert_eq!(served.send("POST", &close, &mine, &body).await.status, 200);
    let alert = served.send("GET", ALERT, &mine, "").await.json();
    assert_eq!(alert["handled_by"], "token:script");
    assert_eq!(served.send("GET", "/api/v1/users", &mine, "").await.status, 403);
    let list = served
        .send("GET", "/api/v1/tokens", &served.browser(Role::Admin), "")
        .await;
    assert!(!list.body.contains(token), "a token is shown once");
    served.clock.set(NOW.plus_ms(86_400_000));
    assert_eq!(served.send("GET", ALERT, &mine, "").await.status, 401, "it ended");
}

#[tokio::test]
async fn two_admins_at_once_do_not_lose_an_edit_and_every_change_is_in_the_audit_trail() {
    let served = Served::start().await;
    let change = json!({"revision": 1, "role": "viewer"}).to_string();
    let admin = served.browser(Role::Admin);
    let patch = async |body: &str| served.send("PATCH", "/api/v1/users/analyst", &admin, body).await;
    assert_eq!(patch(&change).await.json()["role"], "viewer");
    let second = patch(&change).await;
    assert_eq!((second.status, second.json()["revision"].as_i64()), (409, Some(2)));
    let last = served.send("PATCH", "/api/v1/users/admin", &admin, &change).await;
    assert_eq!(last.status, 409, "the last admin stays: {}", last.body);
    assert_eq!(
        served
            .send("GET", "/api/v1/alerts", &served.browser(Role::Analyst), "")
            .await
            .status,
        401,
        "their session ended"
    );
    let trail = served.send("GET", "/api/v1/audit", &admin, "").await.json();
    assert_eq!(trail["entries"][0]["action"], "user.change");
    assert_eq!(trail["entries"][0]["actor"], "admin");
    let chain = served.send("GET", "/api/v1/audit/verify", &admin, "").await.json();
    assert_eq!(chain["intact"], true);
}

#[tokio::test]
async fn a_wall_screen_reads_without_a_session_where_that_is_allowed_and_changes_nothing() {
    let rules = HttpRules {
        anonymous_read: true,
        ..HttpRules::default()
    };
    let served = Served::start_with(rules, true).await;
    served.take_look(1);
    assert_eq!(served.send("GET", "/api/v1/alerts", "", "").await.status, 200);
    assert_eq!(served.send("GET", "/api/v1/users", "", "").await.status, 403);
    let close = json!({"revision": 1, "reason": "benign"}).to_string();
    assert_eq!(
        served.send("POST", &format!("{ALERT}/close"), "", &close).await.status,
        401
    );
    assert_eq!(
        served.send("POST", &format!("{ALERT}/read"), "", "{}").await.status,
        401
    );
}
