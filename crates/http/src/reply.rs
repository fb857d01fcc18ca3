//! Writing replies: in the type that was negotiated, under the culture that was asked for, and with
//! the properties that were selected.

use actix_web::dev::Payload;
use actix_web::http::header::{self, HeaderName, HeaderValue};
use actix_web::{FromRequest, HttpMessage as _, HttpRequest, HttpResponse};
use futures_util::future::{Ready, ready};
use serde::Serialize;
use webhook_domain::WebhookView;

use crate::body::BodyError;
use crate::culture::Culture;
use crate::error::ApiError;
use crate::links::Links;
use crate::media::ReplyType;
use crate::query;
use crate::select::Selection;
use crate::wire::dto::{LinkedWebhookDto, WebhookDto};
use crate::wire::{self, xml};

/// What a reply is, which XML says by its root.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Root {
    /// One webhook, or none.
    Webhook,
    /// Several webhooks.
    Webhooks,
    /// A webhook with its links.
    WebhookWithLinks,
    /// How the test of a target went.
    WebhookResult,
    /// A bare text.
    Text,
    /// A page of the log of deliveries.
    Deliveries,
    /// A delivery, with its attempts or without.
    Delivery,
    /// A job that sends again what failed.
    Resend,
    /// Such jobs.
    Resends,
    /// What people were told.
    Notices,
    /// Rows of an archive.
    Archive,
    /// What the server says about itself.
    Description,
}

impl Root {
    fn name(self) -> &'static str {
        match self {
            Self::Webhook => "Webhook",
            Self::Webhooks => "ArrayOfWebhook",
            Self::WebhookWithLinks => "WebhookWithLinks",
            Self::WebhookResult => "WebhookResult",
            Self::Text => "string",
            Self::Deliveries => "DeliveryPage",
            Self::Delivery => "Delivery",
            Self::Resend => "Resend",
            Self::Resends => "ResendList",
            Self::Notices => "NoticeList",
            Self::Archive => "Archive",
            Self::Description => "Description",
        }
    }
}

/// How this request is to be answered.
#[derive(Debug)]
pub(crate) struct Reply {
    reply_type: ReplyType,
    culture: Culture,
    selection: Option<Selection>,
}

impl FromRequest for Reply {
    type Error = BodyError;
    type Future = Ready<Result<Self, BodyError>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let selected = || {
            let selection = query::optional(request, "$select")?;
            Ok(Self {
                selection: selection.and_then(|names| Selection::parse(&names)),
                ..Self::without_selection(request)?
            })
        };
        // Nobody will read the body when this fails, so it goes with the refusal.
        ready(selected().map_err(|error| BodyError::unread(error, of(request), payload.take())))
    }
}

/// The type that the gate negotiated before any handler ran.
pub(crate) fn of(request: &HttpRequest) -> ReplyType {
    request
        .extensions()
        .get::<ReplyType>()
        .copied()
        .unwrap_or(ReplyType::ApplicationJson)
}

impl Reply {
    /// A reply in which `$select` is no matter of properties.
    pub(crate) fn without_selection(request: &HttpRequest) -> Result<Self, ApiError> {
        let culture = Culture::from_request(request, &mut Payload::None).into_inner();
        Ok(Self {
            reply_type: of(request),
            culture: culture.map_err(|error| ApiError::from(&error))?,
            selection: None,
        })
    }

    /// A reply of a public operation, for which the gate negotiated nothing.
    pub(crate) fn public(request: &HttpRequest) -> Result<Self, ApiError> {
        let reply_type = ReplyType::negotiate(request.headers())?;
        Ok(Self {
            reply_type,
            ..Self::without_selection(request)?
        })
    }

    /// What texts and instants are written under.
    pub(crate) fn culture(&self) -> &Culture {
        &self.culture
    }

    /// A 200 with this body.
    pub(crate) fn ok(&self, root: Root, body: &impl Serialize) -> Result<HttpResponse, ApiError> {
        let mut json = wire::to_json(body);
        if let Some(selection) = &self.selection {
            json = selection.apply(&json)?;
        }
        let mut response = HttpResponse::Ok();
        response.insert_header((header::CONTENT_TYPE, self.reply_type.content_type()));
        if let Some(zone) = self.culture.reply_zone()
            && let Ok(zone) = HeaderValue::from_str(zone)
        {
            response.insert_header((HeaderName::from_static("so-timezone"), zone));
        }
        if self.reply_type.is_xml() {
            return Ok(response.body(xml::from_json(&json, root.name())));
        }
        Ok(response.body(json))
    }

    /// A 200 with this webhook and its links.
    pub(crate) fn webhook_with_links(
        &self,
        view: &WebhookView,
        links: &Links,
    ) -> Result<HttpResponse, ApiError> {
        let webhook = WebhookDto::new(view, &self.culture);
        let id = view.webhook.id;
        let linked = LinkedWebhookDto::new(webhook, links.webhook(id), links.webhooks());
        self.ok(Root::WebhookWithLinks, &linked)
    }
}

/// A 204, which has no body (contract 1.2).
pub(crate) fn no_content() -> HttpResponse {
    HttpResponse::NoContent().finish()
}
