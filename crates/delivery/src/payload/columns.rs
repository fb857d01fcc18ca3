//! Which values of an event may be told to a URL (contract 11.3). Must not know how they are written.

use webhook_domain::case;

/// Columns that are told, by entity. Both are compared without regard to case.
const COLUMNS: [(&str, &[&str]); 11] = [
    (
        "contact",
        &[
            "activeInterests",
            "associate_id",
            "business_idx",
            "category_idx",
            "country_id",
            "deleted",
            "DeletedDate",
            "registered",
            "registered_associate_id",
            "source",
            "updated",
            "userdef2_id",
            "userdef_id",
        ],
    ),
    (
        "person",
        &[
            "activeInterests",
            "associate_id",
            "business_idx",
            "category_idx",
            "contact_id",
            "country_id",
            "DeletedDate",
            "group_id",
            "person_id",
            "position_idx",
            "registered",
            "registered_associate_id",
            "retired",
            "source",
            "updated",
            "updated_associate_id",
            "userdef2_id",
            "userdef_id",
        ],
    ),
    (
        "sale",
        &[
            "activeLinks",
            "appointment_id",
            "associate_id",
            "comptr_id",
            "contact_id",
            "credited_id",
            "currency_id",
            "done",
            "group_idx",
            "person_id",
            "probability_idx",
            "project_id",
            "reason_id",
            "reasonSold_id",
            "reasonStalled_id",
            "registered",
            "registered_associate_id",
            "saleTypeCat_id",
            "saleType_id",
            "saledate",
            "source_id",
            "status",
            "updated",
            "updated_associate_id",
            "userdef2_id",
            "userdef_id",
        ],
    ),
    (
        "activity",
        &[
            "activeDate",
            "associate_id",
            "contact_id",
            "do_by",
            "document_id",
            "endDate",
            "modified_appointment_fields",
            "mother_id",
            "person_id",
            "private",
            "project_id",
            "sale_id",
            "status",
            "task_idx",
            "type",
            "updated",
            "userdef2_id",
            "userdef_id",
        ],
    ),
    (
        "document",
        &[
            "application_id",
            "appointment_id",
            "document_id",
            "registered",
            "registered_associate_id",
            "updated",
            "updated_associate_id",
            "userdef2_id",
            "userdef_id",
        ],
    ),
    (
        "project",
        &[
            "activeLinks",
            "associate_id",
            "done",
            "registered",
            "registered_associate_id",
            "status_idx",
            "type_idx",
            "updated",
            "updated_associate_id",
            "userdef2_id",
            "userdef_id",
        ],
    ),
    (
        "projectmember",
        &[
            "contact_id",
            "mtype_idx",
            "person_id",
            "project_id",
            "projectmember_id",
            "registered",
            "registered_associate_id",
            "updated",
            "updated_associate_id",
        ],
    ),
    (
        "salestakeholder",
        &[
            "contact_id",
            "person_id",
            "registered",
            "registered_associate_id",
            "sale_id",
            "stakeholderrole_id",
            "updated",
            "updated_associate_id",
        ],
    ),
    (
        "relation",
        &[
            "associateId",
            "destination_record",
            "destination_table",
            "registered",
            "registered_associate_id",
            "reldef_id",
            "source_record",
            "source_table",
            "updated",
            "updated_associate_id",
        ],
    ),
    (
        "associate",
        &[
            "deleted",
            "group_idx",
            "person_id",
            "registered_associate_id",
            "type",
            "updated",
            "updated_associate_id",
            "waiting_for_approval",
        ],
    ),
    (
        "ticket",
        &[
            "category",
            "connect_id",
            "contact_id",
            "created_at",
            "cust_id",
            "has_attachment",
            "last_changed",
            "owned_by",
            "priority",
            "project_id",
            "sale_id",
            "slevel",
            "status",
            "ticket_status",
            "ticket_type",
        ],
    ),
];

/// Columns that every extra table has; their spelling is the original's.
const EXTRA_TABLE: [&str; 5] = [
    "id",
    "last_changed",
    "dbi_agent_id",
    "dbi_last_syncronized",
    "dbi_last_modified",
];

/// Verbs of sales that are told without values.
const SALE_WITHOUT_VALUES: [&str; 3] = ["sold", "lost", "completed"];

/// Which values of an event are told.
#[derive(Clone, Copy, Debug)]
pub(super) enum Told {
    /// None: such events have no values.
    Nothing,
    /// None, and the payload says so.
    Empty,
    /// Those of these columns.
    Columns(&'static [&'static str]),
    /// Those of the columns of an extra table.
    ExtraTable,
}

/// Which values are told about an event of this entity that says this happened to it.
pub(super) fn told_about(entity: &str, verb: &str) -> Told {
    let is = |text: &str, expected: &str| text.eq_ignore_ascii_case(expected);
    if starts_with(entity, "list.") {
        return Told::Empty;
    }
    if starts_with(entity, "y_") {
        return Told::ExtraTable;
    }
    if is(entity, "sale") && SALE_WITHOUT_VALUES.iter().any(|none| is(verb, none)) {
        return Told::Nothing;
    }
    COLUMNS
        .iter()
        .find(|(known, _)| is(entity, known))
        .map_or(Told::Nothing, |(_, columns)| Told::Columns(columns))
}

impl Told {
    /// Whether this member of the event's data is told.
    pub(super) fn tells(self, name: &str, value: &str) -> bool {
        let among = |columns: &[&str]| columns.iter().any(|column| case::same(column, name));
        match self {
            Self::Nothing | Self::Empty => false,
            Self::Columns(columns) => among(columns),
            Self::ExtraTable => among(&EXTRA_TABLE) || (starts_with(name, "x_") && !is_text(value)),
        }
    }
}

/// Whether a column holds the id of a row, as the values of a deleted row do. The key of a row of an
/// extra table and of the agent that synchronises it are none.
pub(super) fn is_id(name: &str) -> bool {
    name.len() > 3
        && name
            .get(name.len() - 3..)
            .is_some_and(|end| end.eq_ignore_ascii_case("_id"))
        && !case::same(name, "dbi_agent_id")
}

/// Whether a value is a text of somebody's own, which is never told of a field of an extra table:
/// numbers and dates may come as texts such as `[I:6]` and `[DT:09/16/2025 14:22:14.0000000]`.
fn is_text(value: &str) -> bool {
    let Some(text) = value
        .strip_prefix('"')
        .and_then(|rest| rest.strip_suffix('"'))
    else {
        return false;
    };
    let encoded = text
        .strip_prefix('[')
        .and_then(|rest| rest.strip_suffix(']'))
        .and_then(|inside| inside.split_once(':'));
    !encoded.is_some_and(|(kind, _)| matches!(kind, "I" | "F" | "D" | "DT"))
}

fn starts_with(text: &str, start: &str) -> bool {
    text.get(..start.len())
        .is_some_and(|head| head.eq_ignore_ascii_case(start))
}
