//! Which routes there are and who may call them. A handler can only be registered together with its
//! [`Access`], and a request only reaches what stands in this table: deny by default (threat B14).

use actix_web::dev::HttpServiceFactory;
use actix_web::http::Method;
use utoipa::openapi::PathItem;
use utoipa_actix_web::OpenApiFactory;
use utoipa_actix_web::service_config::ServiceConfig;

/// Who may call an operation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Access {
    /// Anybody; the handler gets no caller.
    Public,
    /// Whoever is authenticated.
    Authenticated,
}

/// Registers handlers, each with who may call it, and fills the table on the way.
pub(crate) struct Routes<'r, 'c, 's> {
    config: &'r mut ServiceConfig<'s>,
    table: &'c mut RouteTable,
}

impl<'r, 'c, 's> Routes<'r, 'c, 's> {
    pub(crate) fn new(config: &'r mut ServiceConfig<'s>, table: &'c mut RouteTable) -> Self {
        Self { config, table }
    }

    /// One handler: it is served, described, and open to `access` from here on.
    pub(crate) fn add<H>(&mut self, access: Access, handler: H)
    where
        H: HttpServiceFactory + OpenApiFactory + 'static,
    {
        for (template, item) in handler.paths().paths {
            for method in methods_of(&item) {
                self.table.insert(&template, method, access);
            }
        }
        self.config.service(handler);
    }
}

/// The methods under which a path is described.
pub(crate) fn methods_of(item: &PathItem) -> impl Iterator<Item = Method> {
    let described = [
        (&item.get, Method::GET),
        (&item.put, Method::PUT),
        (&item.post, Method::POST),
        (&item.delete, Method::DELETE),
        (&item.patch, Method::PATCH),
    ];
    described
        .into_iter()
        .filter(|(operation, _)| operation.is_some())
        .map(|(_, method)| method)
}

/// A path of the table, with what may be called under it.
#[derive(Debug)]
pub(crate) struct Route {
    /// The path as it is documented, `/api/v1/Webhook/{id}`.
    pub(crate) template: String,
    segments: Vec<Segment>,
    methods: Vec<(Method, Access)>,
}

#[derive(Debug, PartialEq)]
enum Segment {
    /// Compared without regard to case.
    Literal(String),
    /// Anything.
    Parameter,
}

impl Route {
    /// Who may call this path with this method; `None` when the method is not served.
    pub(crate) fn access(&self, method: &Method) -> Option<Access> {
        self.methods
            .iter()
            .find(|(served, _)| served == method)
            .map(|(_, access)| *access)
    }

    /// The methods that are served, as the `Allow` header lists them.
    pub(crate) fn allowed(&self) -> String {
        let names: Vec<_> = self
            .methods
            .iter()
            .map(|(method, _)| method.as_str())
            .collect();
        names.join(", ")
    }

    /// The path in the spelling of the table, with the parameters as they came.
    fn canonical(&self, segments: &[&str]) -> String {
        let mut path = String::with_capacity(self.template.len() + 16);
        for (own, came) in self.segments.iter().zip(segments) {
            path.push('/');
            path.push_str(match own {
                Segment::Literal(literal) => literal,
                Segment::Parameter => came,
            });
        }
        path
    }
}

/// All routes.
#[derive(Debug, Default)]
pub(crate) struct RouteTable {
    routes: Vec<Route>,
}

impl RouteTable {
    fn insert(&mut self, template: &str, method: Method, access: Access) {
        if let Some(route) = self
            .routes
            .iter_mut()
            .find(|route| route.template == template)
        {
            route.methods.retain(|(served, _)| *served != method);
            route.methods.push((method, access));
            return;
        }
        let segments: Vec<_> = template.split('/').skip(1).map(Segment::of).collect();
        let parameters = |segments: &[Segment]| {
            segments
                .iter()
                .filter(|s| **s == Segment::Parameter)
                .count()
        };
        // Literal paths are tried before those with parameters: `default` wins over `{id}`.
        let at = self
            .routes
            .partition_point(|r| parameters(&r.segments) <= parameters(&segments));
        let route = Route {
            template: template.to_owned(),
            segments,
            methods: vec![(method, access)],
        };
        self.routes.insert(at, route);
    }

    /// The route of a path, and the path in the table's own spelling. A prefix before `/api` is dropped,
    /// case does not matter, and neither does a trailing slash (contract 1.1).
    ///
    /// The spelling is `None` when it is the one that came.
    pub(crate) fn find(&self, path: &str) -> Option<(&Route, Option<String>)> {
        // What well-behaved clients send needs no look at its segments.
        if let Some(route) = self.routes.iter().find(|route| route.template == path) {
            return Some((route, None));
        }
        let segments: Vec<&str> = path.split('/').skip(1).collect();
        let segments = match segments.as_slice() {
            [kept @ .., ""] => kept,
            all => all,
        };
        let segments = &segments[api_at(segments)?..];
        let route = self.routes.iter().find(|route| {
            route.segments.len() == segments.len()
                && route
                    .segments
                    .iter()
                    .zip(segments)
                    .all(|(own, came)| own.takes(came))
        })?;
        Some((
            route,
            Some(route.canonical(segments)).filter(|canonical| canonical != path),
        ))
    }

    #[cfg(test)]
    pub(crate) fn operations(&self) -> impl Iterator<Item = (&str, &Method, Access)> {
        self.routes.iter().flat_map(|route| {
            route
                .methods
                .iter()
                .map(|(method, access)| (route.template.as_str(), method, *access))
        })
    }
}

/// Where the prefix ends: at the first `api` that `v1` follows, else at the first `api`.
fn api_at(segments: &[&str]) -> Option<usize> {
    let is = |at: usize, name: &str| {
        segments
            .get(at)
            .is_some_and(|s| s.eq_ignore_ascii_case(name))
    };
    let all = 0..segments.len();
    all.clone()
        .find(|at| is(*at, "api") && is(at + 1, "v1"))
        .or_else(|| all.clone().find(|at| is(*at, "api")))
}

impl Segment {
    fn of(text: &str) -> Self {
        if text.starts_with('{') {
            Self::Parameter
        } else {
            Self::Literal(text.to_owned())
        }
    }

    fn takes(&self, came: &str) -> bool {
        match self {
            Self::Literal(literal) => literal.eq_ignore_ascii_case(came),
            Self::Parameter => !came.is_empty(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn table() -> RouteTable {
        let mut table = RouteTable::default();
        for (template, method) in [
            ("/api/v1/Webhook/{id}", Method::GET),
            ("/api/v1/Webhook/{id}", Method::DELETE),
            ("/api/v1/Webhook/default", Method::GET),
            ("/api/v1/Agents/Webhook/SaveWebhook", Method::POST),
            ("/api", Method::GET),
        ] {
            table.insert(template, method, Access::Authenticated);
        }
        table
    }

    fn found(path: &str) -> Option<(String, String)> {
        table().find(path).map(|(route, canonical)| {
            (
                route.template.clone(),
                canonical.unwrap_or_else(|| path.to_owned()),
            )
        })
    }

    #[test]
    fn any_prefix_case_and_trailing_slash_lead_to_the_same_route() {
        let save = "/api/v1/Agents/Webhook/SaveWebhook";
        for path in [
            save,
            "/Cust12345/api/v1/Agents/Webhook/SaveWebhook",
            "/a/b/c/API/V1/agents/webhook/savewebhook/",
            "/api/api/v1/Agents/Webhook/SaveWebhook",
        ] {
            assert_eq!(found(path), Some((save.into(), save.into())), "{path}");
        }
    }

    #[test]
    fn a_literal_wins_over_a_parameter_and_parameters_keep_their_spelling() {
        assert_eq!(
            found("/api/v1/webhook/DEFAULT").unwrap().0,
            "/api/v1/Webhook/default"
        );
        assert_eq!(
            found("/x/api/v1/webhook/aB%20c"),
            Some((
                "/api/v1/Webhook/{id}".into(),
                "/api/v1/Webhook/aB%20c".into()
            ))
        );
    }

    #[test]
    fn a_parameter_called_api_is_no_prefix() {
        assert_eq!(
            found("/api/v1/Webhook/api").unwrap().1,
            "/api/v1/Webhook/api"
        );
    }

    #[test]
    fn what_is_not_in_the_table_is_not_found() {
        for path in [
            "",
            "/",
            "/x",
            "/api/v1",
            "/api/v1/Webhook",
            "/api/v1/Webhook/",
            "/api/v1/Webhook//",
            "/api/v1/Webhook/1/2",
            "/apiv1/Webhook/1",
            "/api/v1/Agents/Webhook/SaveWebhook/x",
            "/api/v1/Agents/Webhook/Save%57ebhook",
        ] {
            assert_eq!(found(path), None, "{path}");
        }
        assert_eq!(found("/x/api/").unwrap().1, "/api");
        // Braces are no parameter of ours.
        assert_eq!(
            found("/api/v1/Webhook/{id}").unwrap().0,
            "/api/v1/Webhook/{id}"
        );
    }

    #[test]
    fn methods_of_one_path_stand_together() {
        let table = table();
        let (route, _) = table.find("/api/v1/Webhook/1").unwrap();
        assert_eq!(route.allowed(), "GET, DELETE");
        assert_eq!(route.access(&Method::GET), Some(Access::Authenticated));
        assert_eq!(route.access(&Method::PUT), None);
    }
}
