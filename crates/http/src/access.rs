//! Which routes there are and who may call them. A handler can only be registered together with its
//! [`Access`], and a request only reaches what stands in this table: deny by default (threat B14).

use std::sync::Arc;

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
        self.register(access, handler, false);
    }

    /// One handler that tells about the routes which others serve at the same paths.
    pub(crate) fn add_about_others<H>(&mut self, access: Access, handler: H)
    where
        H: HttpServiceFactory + OpenApiFactory + 'static,
    {
        self.register(access, handler, true);
    }

    fn register<H>(&mut self, access: Access, handler: H, about_others: bool)
    where
        H: HttpServiceFactory + OpenApiFactory + 'static,
    {
        for (template, item) in handler.paths().paths {
            for method in methods_of(&item) {
                self.table.insert(&template, method, access, about_others);
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
    pub(crate) template: Arc<str>,
    segments: Vec<Segment>,
    methods: Vec<(Method, Access)>,
    /// Whether it only tells about other routes: a path that nothing else serves is not found.
    about_others: bool,
}

#[derive(Debug, PartialEq)]
enum Segment {
    /// Compared without regard to case.
    Literal(String),
    /// Anything.
    Parameter,
}

impl Route {
    fn access(&self, method: &Method) -> Option<Access> {
        let found = self.methods.iter().find(|(served, _)| served == method);
        found.map(|(_, access)| *access)
    }

    fn takes(&self, segments: &[&str]) -> bool {
        let pairs = self.segments.iter().zip(segments);
        self.segments.len() == segments.len()
            && pairs.into_iter().all(|(own, came)| own.takes(came))
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

/// The route of a request.
#[derive(Debug)]
pub(crate) struct Matched<'t> {
    pub(crate) route: &'t Route,
    /// Who may call it with the method of the request.
    pub(crate) access: Access,
    /// The path in the table's own spelling; `None` when it is the one that came.
    pub(crate) canonical: Option<String>,
    /// What stood before `/api`: empty, or `/Cust12345`.
    pub(crate) prefix: String,
}

/// Why no route serves a request.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum NoMatch {
    /// No route has this path.
    Nowhere,
    /// The path is served, but with these methods only.
    Serves(String),
}

/// All routes.
#[derive(Debug, Default)]
pub(crate) struct RouteTable {
    routes: Vec<Route>,
}

impl RouteTable {
    fn insert(&mut self, template: &str, method: Method, access: Access, about_others: bool) {
        if let Some(route) = self
            .routes
            .iter_mut()
            .find(|route| *route.template == *template)
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
            template: Arc::from(template),
            segments,
            methods: vec![(method, access)],
            about_others,
        };
        self.routes.insert(at, route);
    }

    /// The route that serves a path with a method. A prefix before `/api` is set apart, case does not
    /// matter, and neither does a trailing slash (contract 1.1).
    pub(crate) fn find(&self, path: &str, method: &Method) -> Result<Matched<'_>, NoMatch> {
        // What well-behaved clients send needs no look at its segments.
        let exact = self.routes.iter().find(|route| *route.template == *path);
        if let Some(route) = exact
            && let Some(access) = route.access(method)
        {
            return Ok(Matched {
                route,
                access,
                canonical: None,
                prefix: String::new(),
            });
        }
        let segments: Vec<&str> = path.split('/').skip(1).collect();
        let segments = match segments.as_slice() {
            [kept @ .., ""] => kept,
            all => all,
        };
        let start = api_at(segments)
            .or_else(|| docs_at(segments))
            .or_else(|| self.knows(segments).then_some(0))
            .ok_or(NoMatch::Nowhere)?;
        let (before, segments) = segments.split_at(start);
        let mut others = Vec::new();
        let mut served = false;
        for route in self.routes.iter().filter(|route| route.takes(segments)) {
            // The first that fits is the path itself; after it only those count that tell about it.
            if served && !route.about_others {
                continue;
            }
            if let Some(access) = route.access(method) {
                let canonical = Some(route.canonical(segments)).filter(|own| own != path);
                let prefix = before.iter().flat_map(|segment| ["/", segment]).collect();
                return Ok(Matched {
                    route,
                    access,
                    canonical,
                    prefix,
                });
            }
            served |= !route.about_others;
            others.extend(route.methods.iter().map(|(method, _)| method.as_str()));
        }
        if served {
            Err(NoMatch::Serves(others.join(", ")))
        } else {
            Err(NoMatch::Nowhere)
        }
    }

    /// Whether the whole path is one of a route that lies beside the API: the probes.
    fn knows(&self, segments: &[&str]) -> bool {
        self.routes.iter().any(|route| route.takes(segments))
    }

    #[cfg(test)]
    pub(crate) fn operations(&self) -> impl Iterator<Item = (&str, &Method, Access)> {
        self.routes.iter().flat_map(|route| {
            route
                .methods
                .iter()
                .map(|(method, access)| (&*route.template, method, *access))
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

/// Where the prefix ends when there is no `api`: at the last `docs`, so that the page finds its own parts
/// by their relative paths with and without a slash at its end.
fn docs_at(segments: &[&str]) -> Option<usize> {
    segments
        .iter()
        .rposition(|segment| segment.eq_ignore_ascii_case("docs"))
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
            ("/docs", Method::GET),
            ("/docs/page.js", Method::GET),
        ] {
            table.insert(template, method, Access::Authenticated, false);
        }
        table
    }

    fn found(path: &str) -> Option<(String, String)> {
        find(path, &Method::GET).or_else(|| find(path, &Method::POST))
    }

    fn find(path: &str, method: &Method) -> Option<(String, String)> {
        table().find(path, method).ok().map(|matched| {
            let canonical = matched.canonical.unwrap_or_else(|| path.to_owned());
            (matched.route.template.to_string(), canonical)
        })
    }

    #[test]
    fn what_stands_before_api_is_the_prefix() {
        let table = table();
        let prefix = |path| table.find(path, &Method::GET).unwrap().prefix;
        assert_eq!(prefix("/api/v1/Webhook/default"), "");
        assert_eq!(prefix("/Cust12345/api/v1/Webhook/default"), "/Cust12345");
        assert_eq!(prefix("/a/b/api/v1/webhook/5/"), "/a/b");
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
    fn the_page_and_its_parts_are_found_behind_any_prefix_that_is_not_the_api() {
        for path in [
            "/docs",
            "/docs/",
            "/Cust12345/docs",
            "/x/Docs/",
            "/docs/docs",
        ] {
            assert_eq!(found(path).unwrap().1, "/docs", "{path}");
        }
        for path in [
            "/docs/page.js",
            "/docs/docs/page.js",
            "/Cust12345/docs/page.js",
        ] {
            assert_eq!(found(path).unwrap().1, "/docs/page.js", "{path}");
        }
        for path in [
            "/docs/other",
            "/docs/page.js/x",
            "/api/docs",
            "/docs/api/docs",
            "/xdocs",
        ] {
            assert_eq!(found(path), None, "{path}");
        }
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
    fn a_method_that_a_path_does_not_serve_is_told_apart_from_a_path_that_is_not_there() {
        let table = table();
        let matched = table.find("/api/v1/Webhook/1", &Method::DELETE).unwrap();
        assert_eq!(matched.access, Access::Authenticated);
        assert_eq!(
            table.find("/api/v1/webhook/1", &Method::PUT).unwrap_err(),
            NoMatch::Serves("GET, DELETE".to_owned())
        );
        // A parameter serves no method that a literal in its place does not.
        assert_eq!(
            table
                .find("/api/v1/Webhook/default", &Method::DELETE)
                .unwrap_err(),
            NoMatch::Serves("GET".to_owned())
        );
        assert_eq!(
            table.find("/api/v1/nothing", &Method::GET).unwrap_err(),
            NoMatch::Nowhere
        );
    }
}
