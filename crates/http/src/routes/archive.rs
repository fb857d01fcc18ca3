//! Archive routes (contract 12.4).

use actix_web::{HttpRequest, HttpResponse, get, web};
use futures_util::stream::{self, StreamExt as _, TryStreamExt as _};
use serde::Serialize;
use url::form_urlencoded;
use utoipa::ToSchema;
use webhook_domain::{Caller, DeliveriesError, DeliveryFilter, WebhookFilter};

use crate::app::Api;
use crate::archive::{
    ArchiveError, ArchiveQuery, Column, Item, Row, UsageColumn, WebhookColumn, page, rows,
};
use crate::error::{ApiError, ParameterErrorBody};
use crate::gate::Authenticated;
use crate::query;
use crate::reply::{Reply, Root};

/// A page of an archive.
#[derive(Serialize, ToSchema)]
#[schema(as = ArchivePage)]
pub(crate) struct PageBody {
    /// What describes the columns.
    #[serde(rename = "odata.metadata")]
    metadata: String,
    /// Where the next page is; null when this is the last.
    #[serde(rename = "odata.nextLink")]
    #[schema(required)]
    next_link: Option<String>,
    /// Rows: PrimaryKey and EntityName, then the selected columns by name.
    #[schema(value_type = Vec<std::collections::BTreeMap<String, serde_json::Value>>)]
    value: Vec<Row>,
}

/// Webhooks as rows of the archive provider `Webhook`.
#[utoipa::path(
    operation_id = "ArchiveWebhook",
    tag = "Archive",
    params(
        ("provider" = String, Path, description = "The archive: Webhook", example = "Webhook"),
        ("$select" = Option<String>, Query, description = "Columns with commas between them; all when absent"),
        ("$filter" = Option<String>, Query, description = "Comparisons by eq, joined by and: name eq 'Order feed' and webhookId eq 5"),
        ("$orderBy" = Option<String>, Query, description = "Columns with commas between them, each with asc or desc"),
        ("$top" = Option<i64>, Query, minimum = 0, maximum = 4294967295u32, description = "Rows of a page: 1000 when absent, 10000 at most"),
        ("$skip" = Option<i64>, Query, minimum = 0, maximum = 4294967295u32, description = "Rows to leave out first"),
    ),
    responses(
        (status = 200, description = "A page of rows", body = PageBody),
        (status = 404, description = "There is no such archive", body = ParameterErrorBody),
    ),
)]
#[get("/api/v1/archive/{provider}")]
pub(crate) async fn webhooks(
    request: HttpRequest,
    api: web::Data<Api>,
    caller: Authenticated,
) -> Result<HttpResponse, ApiError> {
    let provider = request.match_info().get("provider").unwrap_or_default();
    if !provider.eq_ignore_ascii_case("webhook") {
        return Err(ApiError::NoSuchArchive(provider.chars().take(80).collect()));
    }
    let asked = asked::<WebhookColumn>(&request)?;
    answer(&request, &api, &caller.0, &asked, "archive/Webhook").await
}

/// The counters of webhooks, as rows of the table `webhook_usage`.
#[utoipa::path(
    operation_id = "ArchiveDynamic",
    tag = "Archive",
    params(
        ("$select" = Option<String>, Query, description = "Columns with commas between them; all when absent", example = "webhook_usage.total_calls,webhook_usage.last_error"),
        ("$filter" = Option<String>, Query, description = "Comparisons by eq, joined by and: webhook_usage.webhook_usage_id eq 5"),
        ("$orderBy" = Option<String>, Query, description = "Columns with commas between them, each with asc or desc"),
        ("$top" = Option<i64>, Query, minimum = 0, maximum = 4294967295u32, description = "Rows of a page: 1000 when absent, 10000 at most"),
        ("$skip" = Option<i64>, Query, minimum = 0, maximum = 4294967295u32, description = "Rows to leave out first"),
    ),
    responses((status = 200, description = "A page of rows", body = PageBody)),
)]
#[get("/api/v1/Archive/dynamic")]
pub(crate) async fn usage(
    request: HttpRequest,
    api: web::Data<Api>,
    caller: Authenticated,
) -> Result<HttpResponse, ApiError> {
    let asked = asked::<UsageColumn>(&request)?;
    answer(&request, &api, &caller.0, &asked, "Archive/dynamic").await
}

/// What the query asks for.
fn asked<C: Column>(request: &HttpRequest) -> Result<ArchiveQuery<C>, ApiError> {
    let text = |name| query::optional(request, name);
    Ok(ArchiveQuery::parse(
        text("$select")?.as_deref(),
        text("$filter")?.as_deref(),
        text("$orderBy")?.as_deref(),
        text("$top")?.as_deref(),
        text("$skip")?.as_deref(),
    )?)
}

async fn answer<C: Column + LastEvent>(
    request: &HttpRequest,
    api: &Api,
    caller: &Caller,
    asked: &ArchiveQuery<C>,
    archive: &str,
) -> Result<HttpResponse, ApiError> {
    let reply = Reply::without_selection(request)?;
    let views = api.webhooks.list(caller, WebhookFilter::default()).await?;
    let mut items: Vec<_> = views
        .iter()
        .map(|view| Item {
            view,
            last_event: None,
        })
        .collect();
    // The newest events are looked up one by one, so only where somebody asks for them.
    let judged = C::LAST_EVENT.is_some_and(|column| asked.judges(column));
    let shown = C::LAST_EVENT.is_some_and(|column| asked.shows(column));
    if judged {
        look_up_events(api, caller, &mut items).await?;
    }
    let mut page = page(items, asked, reply.culture());
    if shown && !judged {
        look_up_events(api, caller, &mut page.items).await?;
    }
    let links = api.links(request);
    let body = PageBody {
        metadata: links.archive_metadata(),
        next_link: page
            .more
            .then(|| links.archive_page(archive, &next_query(request, asked.skip, asked.top))),
        value: rows(&page.items, asked, reply.culture()),
    };
    reply.ok(Root::Archive, &body)
}

/// Which column of an archive says when the last event was.
trait LastEvent: Sized {
    const LAST_EVENT: Option<Self>;
}

impl LastEvent for WebhookColumn {
    const LAST_EVENT: Option<Self> = Some(Self::LastEvent);
}

impl LastEvent for UsageColumn {
    const LAST_EVENT: Option<Self> = None;
}

/// How many webhooks are looked up at once.
const AT_ONCE: usize = 8;

async fn look_up_events(
    api: &Api,
    caller: &Caller,
    items: &mut [Item<'_>],
) -> Result<(), ApiError> {
    let look_up = |item: &Item<'_>| {
        let id = item.view.webhook.id.get();
        let newest = DeliveryFilter {
            limit: 1,
            ..DeliveryFilter::default()
        };
        async move {
            match api.deliveries.list(caller, id, newest).await {
                Ok(views) => Ok(views.first().map(|view| view.event.at)),
                // It was deleted after the list was read.
                Err(DeliveriesError::NotFound) => Ok(None),
                Err(error) => Err(ApiError::from(error)),
            }
        }
    };
    let found: Vec<_> = stream::iter(items.iter().map(look_up))
        .buffered(AT_ONCE)
        .try_collect()
        .await?;
    for (item, at) in items.iter_mut().zip(found) {
        item.last_event = at;
    }
    Ok(())
}

/// The query of the next page: this one, with more rows left out.
fn next_query(request: &HttpRequest, skip: usize, top: usize) -> String {
    let mut next = form_urlencoded::Serializer::new(String::new());
    for (name, value) in form_urlencoded::parse(request.query_string().as_bytes()) {
        if !name.eq_ignore_ascii_case("$skip") {
            next.append_pair(&name, &value);
        }
    }
    next.append_pair("$skip", &skip.saturating_add(top).to_string());
    next.finish()
}

impl From<ArchiveError> for ApiError {
    fn from(error: ArchiveError) -> Self {
        Self::Malformed {
            path: error.parameter.to_owned(),
            message: error.message,
        }
    }
}
