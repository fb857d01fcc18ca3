//! Tenants and apps (contract 5.1, 5.4; threats K1, K3, K5).

use actix_web::http::{Method, header};
use actix_web::test::TestRequest;
use webhook_domain::{
    Accounts as _, AppId, Apps as _, Clock as _, Context, Logins as _, NewApp, NewToken,
    Tenants as _,
};

use super::{World, basic, draft, names};
use crate::auth::{AuthSettings, Installation, issue_app_secret, issue_ticket, issue_token};
use crate::openapi::assemble;

pub(super) fn tenant(name: &str) -> Context {
    Context::parse(name).unwrap()
}

/// An online server with two tenants, each with an associate `kari`.
pub(super) async fn online() -> World {
    let world = World::new(AuthSettings {
        installation: Installation::Online,
        ..AuthSettings::default()
    });
    for name in ["Cust1", "Cust2"] {
        let context = tenant(name);
        let added = world.store.add_tenant(&context, world.clock.now());
        added.await.unwrap();
        world.add_user(&context, "kari").await;
    }
    world
}

impl World {
    /// A ticket of `kari` of this tenant, as an `Authorization` header.
    pub(super) async fn ticket_of(&self, name: &str) -> String {
        let context = tenant(name);
        let who = self.store.account(&context, "kari").await.unwrap().unwrap();
        let (text, login) = issue_ticket(self.ids.as_ref(), who.associate.id, self.clock.now());
        self.store.add_logins(&context, vec![login]).await.unwrap();
        format!("SoTicket {text}")
    }

    /// An app with its secret.
    pub(super) async fn app(&self, granted: bool) -> (AppId, String) {
        let (secret, digest) = issue_app_secret(self.ids.as_ref());
        let app = NewApp {
            name: "app".into(),
            digest,
            created_at: self.clock.now(),
        };
        let id = self.store.add_app(app).await.unwrap();
        if granted {
            assert!(self.store.set_app_granted(id, true).await.unwrap());
        }
        (id, secret)
    }

    async fn status(&self, path: &str, shown: super::Shown<'_>) -> u16 {
        self.post(path, shown, "null").await.status
    }
}

pub(super) fn list(name: &str) -> String {
    format!("/{name}/api/v1/Agents/Webhook/GetAllWebhooks")
}

pub(super) fn save(name: &str) -> String {
    format!("/{name}/api/v1/Agents/Webhook/SaveWebhook")
}

#[actix_web::test]
async fn a_ticket_opens_its_tenant_together_with_the_secret_of_a_granted_app() {
    let world = online().await;
    let ticket = world.ticket_of("Cust1").await;
    let ((granted, secret), (_, ungranted)) = (world.app(true).await, world.app(false).await);
    let ticket = ("Authorization", &*ticket);
    let app = ("SO-AppToken", &*secret);
    for (path, shown, status) in [
        (list("Cust1"), &[ticket, app][..], 200),
        (list("cUST1"), &[ticket, app], 200),
        (list("any/Cust1"), &[ticket, app], 200),
        (list("Cust1"), &[ticket], 401),
        (list("Cust1"), &[ticket, ("SO-AppToken", "")], 401),
        (
            list("Cust1"),
            &[ticket, ("SO-AppToken", "whc_unknown")],
            401,
        ),
        (list("Cust1"), &[ticket, app, app], 400),
        (list("Cust1"), &[ticket, ("SO-AppToken", &ungranted)], 403),
        (list("Cust2"), &[ticket, app], 401),
        (list("Cust3"), &[ticket, app], 404),
        (list("Cust%31"), &[ticket, app], 404),
        (super::LIST.to_owned(), &[ticket, app], 404),
        (list("Cust1"), &[app], 401),
    ] {
        assert_eq!(world.status(&path, shown).await, status, "{path} {shown:?}");
    }
    assert!(world.store.set_app_granted(granted, false).await.unwrap());
}

#[actix_web::test]
async fn an_app_whose_grant_is_taken_back_is_refused() {
    let world = online().await;
    let ticket = world.ticket_of("Cust1").await;
    let (id, secret) = world.app(true).await;
    assert!(world.store.set_app_granted(id, false).await.unwrap());
    let shown = [("Authorization", &*ticket), ("SO-AppToken", &*secret)];
    let refused = world.post(&list("Cust1"), &shown, "null").await;
    assert_eq!(refused.status, 403);
    assert_eq!(refused.body["ErrorType"], "SoAccessDeniedException");
}

#[actix_web::test]
async fn basic_opens_nothing_and_is_not_asked_for() {
    let world = online().await;
    let ticket = world.ticket_of("Cust1").await;
    let (_, secret) = world.app(true).await;
    let as_user = basic(ticket.strip_prefix("SoTicket ").unwrap(), "");
    for header in [basic("kari", "s3cret"), as_user] {
        let shown = [("Authorization", &*header), ("SO-AppToken", &*secret)];
        let refused = world.post(&list("Cust1"), &shown, "null").await;
        assert_eq!(refused.status, 401);
        assert_eq!(refused.header(header::WWW_AUTHENTICATE), "");
    }
}

#[actix_web::test]
async fn bearer_and_sessions_open_their_tenant_and_an_app_narrows_them() {
    let world = online().await;
    let (text, digest) = issue_token(world.ids.as_ref());
    let token = NewToken {
        label: String::new(),
        digest,
        created_at: world.clock.now(),
    };
    let context = tenant("Cust1");
    let added = world.store.add_token(&context, "kari", token);
    added.await.unwrap();
    let bearer = format!("Bearer {text}");
    let bearer = ("Authorization", &*bearer);
    let (_, secret) = world.app(true).await;
    let app = ("SO-AppToken", &*secret);
    for (name, with_app) in [("mine", false), ("the app's", true)] {
        let shown = if with_app {
            &[bearer, app][..]
        } else {
            &[bearer]
        };
        let saved = world.post(&save("Cust1"), shown, &draft(name)).await;
        assert_eq!(saved.status, 200, "{}", saved.text);
    }
    let all = world.post(&list("Cust1"), &[bearer], "null").await;
    assert_eq!(names(&all), ["mine", "the app's"]);
    let narrowed = world.post(&list("Cust1"), &[bearer, app], "null").await;
    assert_eq!(names(&narrowed), ["the app's"]);
    assert_eq!(world.status(&list("Cust2"), &[bearer]).await, 401);
    let unknown = [bearer, ("SO-AppToken", "whc_unknown")];
    assert_eq!(world.status(&list("Cust1"), &unknown).await, 401);

    let login = world.post("/cust1/api/login", &[], super::KARI).await;
    assert_eq!(login.body["ContextIdentifier"], "Cust1");
    let browser = super::Browser::of(&login);
    let session = browser.session();
    let all = world.post(&list("Cust1"), &session, "null").await;
    assert_eq!(names(&all), ["mine", "the app's"]);
    assert_eq!(world.status(&list("Cust2"), &session).await, 401);
    for path in ["/api/login", "/Cust3/api/login"] {
        assert_eq!(world.post(path, &[], super::KARI).await.status, 404);
    }
}

#[actix_web::test]
async fn a_disabled_tenant_is_as_absent_as_one_that_never_was() {
    let world = online().await;
    let ticket = world.ticket_of("Cust1").await;
    let (_, secret) = world.app(true).await;
    let shown = [("Authorization", &*ticket), ("SO-AppToken", &*secret)];
    let context = tenant("cust1");
    let disabled = world.store.set_tenant_disabled(&context, true);
    assert!(disabled.await.unwrap());
    let gone = world.post(&list("Cust1"), &shown, "null").await;
    let never = world.post(&list("Cust3"), &shown, "null").await;
    assert_eq!((gone.status, &gone.text), (404, &never.text));
}

#[actix_web::test]
async fn what_an_app_did_not_create_does_not_exist_for_it() {
    let world = online().await;
    let ticket = world.ticket_of("Cust1").await;
    let ((_, first), (_, second)) = (world.app(true).await, world.app(true).await);
    let ticket = ("Authorization", &*ticket);
    let (mine, others) = (
        [ticket, ("SO-AppToken", &*first)],
        [ticket, ("SO-AppToken", &*second)],
    );
    let saved = world.post(&save("Cust1"), &mine, &draft("first")).await;
    assert_eq!(saved.status, 200);
    let agent = "/Cust1/api/v1/Agents/Webhook";
    let get = world
        .post(&format!("{agent}/GetWebhook?webhookId=1"), &others, "null")
        .await;
    assert_eq!((get.status, get.text.as_str()), (200, "null"));
    let change = world
        .post(&save("Cust1"), &others, r#"{"WebhookId":1,"Name":"taken"}"#)
        .await;
    let unknown = world
        .post(&save("Cust1"), &others, r#"{"WebhookId":9,"Name":"taken"}"#)
        .await;
    assert_eq!(change.status, 404);
    assert_eq!(change.text.replace('1', "9"), unknown.text);
    let delete = format!("{agent}/DeleteWebhook?WebhookId=1");
    assert_eq!(world.post(&delete, &others, "null").await.status, 204);
    assert!(names(&world.post(&list("Cust1"), &others, "null").await).is_empty());
    assert_eq!(
        names(&world.post(&list("Cust1"), &mine, "null").await),
        ["first"]
    );
}

/// Every operation of the table, called for a webhook of the same id in another tenant.
#[actix_web::test]
async fn no_operation_reaches_the_webhook_of_another_tenant() {
    let world = online().await;
    let (one, two) = (
        world.ticket_of("Cust1").await,
        world.ticket_of("Cust2").await,
    );
    let (_, secret) = world.app(true).await;
    let app = ("SO-AppToken", &*secret);
    let (one, two) = (
        [("Authorization", &*one), app],
        [("Authorization", &*two), app],
    );
    let saved = world.post(&save("Cust1"), &one, &draft("canary")).await;
    assert_eq!(saved.status, 200);
    let before = world.post(&list("Cust1"), &one, "null").await.text;
    let (table, _) = assemble();
    let mut called = 0;
    for (template, method, _) in table.operations() {
        if template.ends_with("/logout") {
            continue;
        }
        let path = template.replace("{id}", "1").replace(['{', '}'], "");
        let body = match *method {
            Method::PATCH => r#"{"Name":"taken"}"#,
            _ => r#"{"WebhookId":1,"Name":"taken"}"#,
        };
        // Their own tenant, with the id of the other's webhook; and the other's tenant with their ticket.
        for prefix in ["/Cust2", "/Cust1"] {
            let uri = format!("{prefix}{path}?webhookId=1");
            let mut request = TestRequest::default().method(method.clone()).uri(&uri);
            for shown in two {
                request = request.insert_header(shown);
            }
            if *method != Method::GET && *method != Method::DELETE {
                request = request.insert_header((header::CONTENT_TYPE, "application/json"));
                request = request.set_payload(body);
            }
            let answer = world.send(request).await;
            assert!(
                !answer.text.contains("canary"),
                "{method} {uri} {}",
                answer.text
            );
            called += 1;
        }
    }
    assert!(called > 20, "{called}");
    let after = world.post(&list("Cust1"), &one, "null").await.text;
    assert_eq!(after, before);
}
