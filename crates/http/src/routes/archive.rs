//! Archive routes (contract 12.4).

use actix_web::{HttpRequest, HttpResponse, get, web};
use serde::Serialize;
use url::form_urlencoded;
use utoipa::ToSchema;
use webhook_domain::WebhookFilter;

use crate::app::Api;
use crate::archive::{ArchiveError, ArchiveQuery, Row, page};
use crate::error::{ApiError, ParameterErrorBody};
use crate::gate::Authenticated;
use crate::query;
use crate::reply::{Reply, Root};

/// A page of an archive.
#[derive(Serialize, ToSchema)]
#[schema(as = ArchivePage)]
pub(crate) struct PageBody<'a> {
    /// What describes the columns.
    #[serde(rename = "odata.metadata")]
    metadata: String,
    /// Where the next page is; null when this is the last.
    #[serde(rename = "odata.nextLink")]
    #[schema(required)]
    next_link: Option<String>,
    /// Rows: PrimaryKey and EntityName, then the selected columns by name.
    #[schema(value_type = Vec<std::collections::BTreeMap<String, serde_json::Value>>)]
    value: Vec<Row<'a>>,
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
    let reply = Reply::without_selection(&request)?;
    let text = |name| query::optional(&request, name);
    let asked = ArchiveQuery::parse(
        text("$select")?.as_deref(),
        text("$filter")?.as_deref(),
        text("$orderBy")?.as_deref(),
        text("$top")?.as_deref(),
        text("$skip")?.as_deref(),
    )?;
    let views = api
        .webhooks
        .list(&caller.0, WebhookFilter::default())
        .await?;
    let page = page(&views, &asked, reply.culture());
    let links = api.links(&request);
    let body = PageBody {
        metadata: links.archive_metadata(),
        next_link: page
            .more
            .then(|| links.archive_page(&next_query(&request, &asked))),
        value: page.rows,
    };
    reply.ok(Root::Archive, &body)
}

/// The query of the next page: this one, with more rows left out.
fn next_query(request: &HttpRequest, asked: &ArchiveQuery) -> String {
    let mut next = form_urlencoded::Serializer::new(String::new());
    for (name, value) in form_urlencoded::parse(request.query_string().as_bytes()) {
        if !name.eq_ignore_ascii_case("$skip") {
            next.append_pair(&name, &value);
        }
    }
    next.append_pair("$skip", &asked.skip.saturating_add(asked.top).to_string());
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
