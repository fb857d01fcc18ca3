//! Reply bodies: the carriers of the wire, made from views of the domain under a culture (contract 2
//! to 4). Everything borrows; a carrier lives as long as it takes to write it.

mod associate;
mod delivery;
mod linked;
mod pieces;
mod resend;
mod result;
mod webhook;

pub use associate::{AssociateDto, MdoListItemDto, TableRightDto, UserTypeDto};
pub use delivery::{AttemptDto, DeliveryDto, DeliveryPageDto, DeliveryWithAttemptsDto, SentDto};
pub use linked::{LinkedWebhookDto, LinksDto};
pub use resend::{NoticeDto, NoticeListDto, ResendDto, ResendListDto};
pub use result::WebhookResultDto;
pub use webhook::{WebhookDto, WebhookStateDto};
