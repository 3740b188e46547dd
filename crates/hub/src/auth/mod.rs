//! Who calls, and what they may do.

mod password;
mod roles;

use axum::extract::{FromRequestParts, OptionalFromRequestParts};
use axum::http::request::Parts;
use axum::http::{Method, header};
use data_encoding::HEXLOWER;
use model::Timestamp;
use sha2::{Digest as _, Sha256};
use store::{Actor, ActorKind, PersonRow, SessionRow};
use subtle::ConstantTimeEq as _;

pub use password::{hash, matches};
pub use roles::{RIGHTS, Right, Role};

use crate::App;
use crate::error::{Answer, Problem, kinds};

/// Name of the session's cookie; behind HTTPS with the prefix that binds it to the host (RFC 6265bis §4.1.3.2).
pub(crate) const COOKIE: &str = "medwarden";
/// Header in which the page sends the session's token against forged requests.
pub(crate) const CSRF: &str = "x-medwarden-csrf";
/// A session ends when it was not used for so long.
pub(crate) const IDLE_NANOS: i64 = 12 * 3600 * 1_000_000_000;
/// A session ends after so long.
pub(crate) const ABSOLUTE_NANOS: i64 = 7 * 24 * 3600 * 1_000_000_000;
/// Its last use is noted at most so often.
const TOUCH_NANOS: i64 = 60 * 1_000_000_000;

/// Where a role holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Grant {
    /// Role.
    pub role: Role,
    /// Tenant.
    pub tenant: String,
    /// Site; absent for all of the tenant's.
    pub site: Option<String>,
}

/// Who makes a request.
#[derive(Clone, Debug)]
pub struct Caller {
    /// The person.
    pub person: PersonRow,
    /// The session.
    pub session: SessionRow,
    /// Roles and where they hold.
    pub grants: Vec<Grant>,
    /// Break-glass that is running.
    pub break_glass: Option<String>,
}

impl Caller {
    /// As it stands in the ledger.
    #[must_use]
    pub fn actor(&self) -> Actor {
        Actor {
            kind: ActorKind::Person,
            id: self.person.id.clone(),
            name: self.person.name.clone(),
            break_glass: self.break_glass.clone(),
        }
    }

    /// Sites at which the caller has a right.
    #[must_use]
    pub fn sites(&self, app: &App, right: Right) -> Vec<String> {
        app.sites().into_iter().filter(|site| self.may(right, &site.tenant_id, Some(&site.id))).map(|site| site.id).collect()
    }

    /// Sites at which the caller has a right: the one asked for, or all.
    ///
    /// # Errors
    /// As [`Caller::require`] for the one asked for; `no-right` where there is none at all.
    pub fn sites_or(&self, app: &App, right: Right, asked: Option<&str>) -> Answer<Vec<String>> {
        if let Some(asked) = asked {
            return self.require(app, right, asked).map(|()| vec![asked.to_owned()]);
        }
        let sites = self.sites(app, right);
        if sites.is_empty() { Err(Problem::of(&kinds::NO_RIGHT)) } else { Ok(sites) }
    }

    /// The caller has a right at a site of a tenant, or at the whole tenant.
    #[must_use]
    pub fn may(&self, right: Right, tenant: &str, site: Option<&str>) -> bool {
        self.grants.iter().any(|grant| {
            grant.role.has(right) && grant.tenant == tenant && (grant.site.is_none() || grant.site.as_deref() == site)
        })
    }

    /// The caller has a right at a site.
    ///
    /// # Errors
    /// `absent` for a site at which the caller has no role at all, `no-right` for one at which the role does not allow it.
    pub fn require(&self, app: &App, right: Right, site: &str) -> Answer<()> {
        let Some(found) = app.sites().into_iter().find(|one| one.id == site) else {
            return Err(Problem::new(&kinds::ABSENT, "no such site"));
        };
        if self.may(right, &found.tenant_id, Some(site)) {
            return Ok(());
        }
        let is_known = self
            .grants
            .iter()
            .any(|grant| grant.tenant == found.tenant_id && grant.site.as_deref().is_none_or(|one| one == site));
        Err(if is_known { Problem::of(&kinds::NO_RIGHT) } else { Problem::new(&kinds::ABSENT, "no such site") })
    }

    /// The caller has a right somewhere, for what belongs to the hub as a whole.
    ///
    /// # Errors
    /// `no-right`.
    pub fn require_anywhere(&self, right: Right) -> Answer<()> {
        let has = self.grants.iter().any(|grant| grant.role.has(right));
        if has { Ok(()) } else { Err(Problem::of(&kinds::NO_RIGHT)) }
    }
}

/// SHA-256 of a token, as it is stored.
pub fn digest(token: &str) -> String {
    HEXLOWER.encode(&Sha256::digest(token.as_bytes()))
}

/// The session's token among the cookies.
pub(crate) fn cookie(parts: &Parts) -> Option<String> {
    let all = parts.headers.get_all(header::COOKIE).iter().filter_map(|value| value.to_str().ok());
    all.flat_map(|line| line.split(';')).find_map(|pair| {
        let (name, value) = pair.trim().split_once('=')?;
        (name == COOKIE || name.strip_prefix("__Host-") == Some(COOKIE)).then(|| value.to_owned())
    })
}

/// The caller by the session's cookie.
pub(crate) async fn caller(app: &App, parts: &Parts) -> Answer<Caller> {
    let token = cookie(parts).ok_or_else(|| Problem::of(&kinds::NOT_SIGNED_IN))?;
    let now = app.now();
    let session = app.store.session(&digest(&token)).await?.filter(|session| is_alive(session, now));
    let session = session.ok_or_else(|| Problem::of(&kinds::NOT_SIGNED_IN))?;
    let is_read = matches!(parts.method, Method::GET | Method::HEAD | Method::OPTIONS);
    let sent = parts.headers.get(CSRF).and_then(|value| value.to_str().ok()).unwrap_or_default();
    if !is_read && !bool::from(sent.as_bytes().ct_eq(session.csrf.as_bytes())) {
        return Err(Problem::of(&kinds::CSRF));
    }
    let person = app.store.person(&session.person_id).await?.filter(|person| person.is_active);
    let person = person.ok_or_else(|| Problem::of(&kinds::NOT_SIGNED_IN))?;
    if now.since(session.last_used) > TOUCH_NANOS {
        let mut writer = app.store.writer().await?;
        writer.touch_session(&session.token_hash, now).await?;
        writer.commit().await?;
    }
    let rows = app.store.roles_of(&person.id).await?;
    let grant = |row: store::RoleRow| Some(Grant { role: Role::by_name(&row.role)?, tenant: row.tenant_id, site: row.site_id });
    Ok(Caller { grants: rows.into_iter().filter_map(grant).collect(), person, session, break_glass: None })
}

fn is_alive(session: &SessionRow, now: Timestamp) -> bool {
    now < session.expires && now.since(session.last_used) < IDLE_NANOS
}

impl FromRequestParts<App> for Caller {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Answer<Self> {
        caller(app, parts).await
    }
}

impl OptionalFromRequestParts<App> for Caller {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Answer<Option<Self>> {
        match caller(app, parts).await {
            Ok(caller) => Ok(Some(caller)),
            Err(problem) if problem.code() == kinds::NOT_SIGNED_IN.code => Ok(None),
            Err(problem) => Err(problem),
        }
    }
}
