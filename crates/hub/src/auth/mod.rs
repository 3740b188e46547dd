//! Who calls, and what they may do.

mod desk;
mod peer;
mod roles;

use axum::extract::{FromRequestParts, OptionalFromRequestParts};
use axum::http::request::Parts;
use axum::http::{Method, header};
use data_encoding::HEXLOWER;
use model::Timestamp;
use sha2::{Digest as _, Sha256};
use store::{Actor, ActorKind, PersonRow, Proofs, SessionRow, TokenRow};
use subtle::ConstantTimeEq as _;

pub(crate) use desk::{Ceremony, Desk, seconds};
pub(crate) use peer::Peer;
pub use roles::{RIGHTS, Right, Role};
pub use signin::password::hash;

use crate::App;
use crate::error::{Answer, Problem, kinds};
use crate::settings::{SessionLimit, SignInSettings};

/// Name of the session's cookie; behind HTTPS with the prefix that binds it to the host (RFC 6265bis §4.1.3.2).
pub(crate) const COOKIE: &str = "medwarden";
/// Name of the cookie by which an account knows a browser.
pub(crate) const DEVICE: &str = "medwarden-device";
/// Name of the cookie that binds a sign-in elsewhere to the browser that began it.
pub(crate) const OIDC: &str = "medwarden-oidc";
/// Header in which the page sends the session's token against forged requests.
pub(crate) const CSRF: &str = "x-medwarden-csrf";
/// Last use is noted at most so often.
const TOUCH_NANOS: i64 = 60 * 1_000_000_000;
/// A minute.
pub(crate) const MINUTE_NANOS: i64 = 60 * 1_000_000_000;

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

/// Rights that a break-glass gives.
#[derive(Clone, Debug)]
struct Glass {
    rights: Vec<Right>,
    tenant: String,
    site: String,
}

/// How a request shows who makes it.
#[derive(Clone, Debug)]
pub enum Way {
    /// By the cookie of a session.
    Session(SessionRow),
    /// By a token.
    Token(TokenRow, Vec<Right>),
}

/// Where a second step of sign-in stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum SecondStep {
    /// No role needs one, or an exception holds.
    NotNeeded,
    /// It was taken.
    Done,
    /// There is one and it must be taken: until then nothing else can be done.
    Needed,
    /// A role needs one and there is none: it must be set up, until then nothing else can be done.
    Enrol,
}

/// Who makes a request.
#[derive(Clone, Debug)]
pub struct Caller {
    /// The person.
    pub person: PersonRow,
    /// How that was shown.
    pub way: Way,
    /// Roles and where they hold.
    pub grants: Vec<Grant>,
    /// Break-glass that is running.
    pub break_glass: Option<String>,
    /// Where the second step stands.
    pub second_step: SecondStep,
    pub(crate) proofs: Proofs,
    glass: Option<Glass>,
}

impl Caller {
    /// As it stands in the ledger.
    #[must_use]
    pub fn actor(&self) -> Actor {
        let (kind, id, name) = match &self.way {
            Way::Session(_) => (ActorKind::Person, self.person.id.clone(), self.person.name.clone()),
            Way::Token(token, _) => (ActorKind::Token, token.id.clone(), format!("{} of {}", token.name, self.person.name)),
        };
        Actor { kind, id, name, break_glass: self.break_glass.clone() }
    }

    /// The session, where it is one.
    ///
    /// # Errors
    /// `no-right` for a token: what belongs to a session is not for programs.
    pub fn session(&self) -> Answer<&SessionRow> {
        match &self.way {
            Way::Session(session) => Ok(session),
            Way::Token(..) => Err(Problem::new(&kinds::NO_RIGHT, "this is for somebody who is signed in, not for a token")),
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
        let is_in_scope = match &self.way {
            Way::Session(_) => true,
            Way::Token(_, rights) => rights.contains(&right),
        };
        let by_role = self.grants.iter().any(|grant| {
            grant.role.has(right) && grant.tenant == tenant && (grant.site.is_none() || grant.site.as_deref() == site)
        });
        let by_glass = self
            .glass
            .as_ref()
            .is_some_and(|glass| glass.rights.contains(&right) && glass.tenant == tenant && site == Some(glass.site.as_str()));
        is_in_scope && (by_role || by_glass)
    }

    /// The caller has a role or a break-glass at a site.
    #[must_use]
    pub fn knows(&self, tenant: &str, site: &str) -> bool {
        let by_role =
            self.grants.iter().any(|grant| grant.tenant == tenant && grant.site.as_deref().is_none_or(|one| one == site));
        by_role || self.glass.as_ref().is_some_and(|glass| glass.site == site)
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
        let is_known = self.knows(&found.tenant_id, site);
        Err(if is_known { Problem::of(&kinds::NO_RIGHT) } else { Problem::new(&kinds::ABSENT, "no such site") })
    }

    /// The caller has a right somewhere.
    ///
    /// # Errors
    /// `no-right`.
    pub fn require_anywhere(&self, right: Right) -> Answer<()> {
        let by_role = self.grants.iter().any(|grant| self.may(right, &grant.tenant, grant.site.as_deref()));
        let by_glass = self.glass.as_ref().is_some_and(|glass| self.may(right, &glass.tenant, Some(&glass.site)));
        if by_role || by_glass { Ok(()) } else { Err(Problem::of(&kinds::NO_RIGHT)) }
    }

    /// The caller has a right at the tenant who runs the hub, for what concerns every tenant.
    ///
    /// # Errors
    /// `no-right`; the state's.
    pub async fn require_hub(&self, app: &App, right: Right) -> Answer<()> {
        let operator = app.store.operator().await?.unwrap_or_default();
        if self.may(right, &operator, None) { Ok(()) } else { Err(Problem::of(&kinds::NO_RIGHT)) }
    }

    /// The caller may set up a second step: it was taken, or there is none so far.
    ///
    /// # Errors
    /// `second-step`: who only knows the password must not add another proof.
    pub fn require_enrolment(&self) -> Answer<()> {
        self.session()?;
        if self.person.is_sealed {
            return Err(Problem::of(&kinds::NO_RIGHT));
        }
        if self.second_step == SecondStep::Needed { Err(Problem::of(&kinds::SECOND_STEP)) } else { Ok(()) }
    }
}

/// SHA-256 of a token, as it is stored.
pub fn digest(token: &str) -> String {
    HEXLOWER.encode(&Sha256::digest(token.as_bytes()))
}

/// A cookie of ours.
pub(crate) fn cookie(parts: &Parts, wanted: &str) -> Option<String> {
    let all = parts.headers.get_all(header::COOKIE).iter().filter_map(|value| value.to_str().ok());
    all.flat_map(|line| line.split(';')).find_map(|pair| {
        let (name, value) = pair.trim().split_once('=')?;
        (name == wanted || name.strip_prefix("__Host-") == Some(wanted)).then(|| value.to_owned())
    })
}

/// The strictest limits of somebody's roles: idle and absolute, ns. Nobody without a role stays for long.
pub(crate) fn limits(settings: &SignInSettings, grants: &[Grant]) -> (i64, i64) {
    let held = |limit: &&SessionLimit| grants.iter().any(|grant| grant.role == limit.role);
    let held: Vec<&SessionLimit> = settings.sessions.iter().filter(held).collect();
    let idle = held.iter().map(|limit| limit.idle_minutes).min().unwrap_or(60);
    let absolute = held.iter().map(|limit| limit.absolute_hours).min().unwrap_or(24);
    (i64::from(idle) * MINUTE_NANOS, i64::from(absolute) * 60 * MINUTE_NANOS)
}

/// Somebody's roles and where they hold.
pub(crate) async fn grants(app: &App, person: &str) -> Answer<Vec<Grant>> {
    let rows = app.store.roles_of(person).await?;
    let grant = |row: store::RoleRow| Some(Grant { role: Role::by_name(&row.role)?, tenant: row.tenant_id, site: row.site_id });
    Ok(rows.into_iter().filter_map(grant).collect())
}

/// Where the second step of somebody stands in a session of a strength.
pub(crate) fn second_step(app: &App, grants: &[Grant], proofs: &Proofs, strength: &str, now: Timestamp) -> SecondStep {
    if matches!(strength, "mfa" | "sealed") {
        return SecondStep::Done;
    }
    if proofs.has_totp || proofs.passkeys > 0 {
        return SecondStep::Needed;
    }
    let wanted = app.settings().sign_in.second_step.clone();
    let is_excepted = proofs.exception.as_ref().is_some_and(|exception| exception.until > now);
    let is_needed = grants.iter().any(|grant| wanted.contains(&grant.role)) && !is_excepted;
    if is_needed { SecondStep::Enrol } else { SecondStep::NotNeeded }
}

/// Deletes every hour what of sign-in has ended; tokens and browsers after half a year.
pub(crate) async fn tidy(app: App) {
    loop {
        let (now, old) = (app.now(), app.now().plus_nanos(-180 * 24 * 60 * MINUTE_NANOS));
        let done = async {
            let mut writer = app.store.writer().await?;
            writer.tidy_people(now, old).await?;
            writer.tidy_answers(now.plus_nanos(-crate::idempotency::KEEP_NANOS)).await?;
            writer.commit().await
        };
        if let Err(error) = done.await {
            tracing::warn!(%error, "what of sign-in has ended could not be deleted");
        }
        tokio::time::sleep(std::time::Duration::from_secs(3600)).await;
    }
}

/// Who calls, whatever the second step.
async fn anybody(app: &App, parts: &Parts) -> Answer<Caller> {
    let bearer = parts.headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok());
    match bearer.and_then(|value| value.split_once(' ')).filter(|(scheme, _)| scheme.eq_ignore_ascii_case("bearer")) {
        Some((_, token)) => by_token(app, token.trim()).await,
        None => by_cookie(app, parts).await,
    }
}

/// The caller by a token (RFC 6750 §2.1). A browser does not send one by itself, so that no request is forged with it.
async fn by_token(app: &App, text: &str) -> Answer<Caller> {
    let (now, nobody) = (app.now(), || Problem::of(&kinds::NOT_SIGNED_IN));
    let token = app.store.token(&digest(text)).await?.filter(|token| token.expires > now).ok_or_else(nobody)?;
    let person = app.store.person(&token.person_id).await?.filter(|person| person.is_active).ok_or_else(nobody)?;
    if token.last_used.is_none_or(|last| now.since(last) > TOUCH_NANOS) {
        let mut writer = app.store.writer().await?;
        writer.touch_token(&token.id, now).await?;
        writer.commit().await?;
    }
    let rights = token.rights.iter().filter_map(|name| Right::by_name(name)).collect();
    let (grants, proofs) = (grants(app, &person.id).await?, Proofs::default());
    let second_step = SecondStep::Done;
    Ok(Caller { person, way: Way::Token(token, rights), grants, break_glass: None, second_step, proofs, glass: None })
}

/// The caller by the session's cookie.
async fn by_cookie(app: &App, parts: &Parts) -> Answer<Caller> {
    let nobody = || Problem::of(&kinds::NOT_SIGNED_IN);
    let token = cookie(parts, COOKIE).ok_or_else(nobody)?;
    let now = app.now();
    let session = app.store.session(&digest(&token)).await?.filter(|session| now < session.expires).ok_or_else(nobody)?;
    let is_read = matches!(parts.method, Method::GET | Method::HEAD | Method::OPTIONS);
    let sent = parts.headers.get(CSRF).and_then(|value| value.to_str().ok()).unwrap_or_default();
    if !is_read && !bool::from(sent.as_bytes().ct_eq(session.csrf.as_bytes())) {
        return Err(Problem::of(&kinds::CSRF));
    }
    let person = app.store.person(&session.person_id).await?.filter(|person| person.is_active).ok_or_else(nobody)?;
    let grants = grants(app, &person.id).await?;
    let (idle, absolute) = limits(&app.settings().sign_in, &grants);
    if now.since(session.last_used) >= idle || now.since(session.created) >= absolute {
        return Err(nobody());
    }
    if now.since(session.last_used) > TOUCH_NANOS {
        let mut writer = app.store.writer().await?;
        writer.touch_session(&session.token_hash, now).await?;
        writer.commit().await?;
    }
    let proofs = app.store.proofs(&person.id).await?;
    let second_step = second_step(app, &grants, &proofs, &session.strength, now);
    let (break_glass, glass) = broken(app, &person.id, now).await?;
    Ok(Caller { person, way: Way::Session(session), grants, break_glass, second_step, proofs, glass })
}

/// The break-glass of somebody that has not ended.
async fn broken(app: &App, person: &str, now: Timestamp) -> Answer<(Option<String>, Option<Glass>)> {
    let Some(row) = app.store.break_glass_of(person, now).await? else { return Ok((None, None)) };
    let tenant = app.sites().into_iter().find(|site| site.id == row.site_id).map(|site| site.tenant_id).unwrap_or_default();
    let rights = row.rights.iter().filter_map(|name| Right::by_name(name)).collect();
    Ok((Some(row.id), Some(Glass { rights, tenant, site: row.site_id })))
}

impl FromRequestParts<App> for Caller {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Answer<Self> {
        let caller = anybody(app, parts).await?;
        match caller.second_step {
            SecondStep::NotNeeded | SecondStep::Done => Ok(caller),
            SecondStep::Needed | SecondStep::Enrol => Err(Problem::of(&kinds::SECOND_STEP)),
        }
    }
}

impl OptionalFromRequestParts<App> for Caller {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Answer<Option<Self>> {
        match <Self as FromRequestParts<App>>::from_request_parts(parts, app).await {
            Ok(caller) => Ok(Some(caller)),
            Err(problem) if problem.code() == kinds::NOT_SIGNED_IN.code => Ok(None),
            Err(problem) => Err(problem),
        }
    }
}

/// Who calls, even while a second step is owed: for signing in and out, and for setting a second step up. No right may rest on it.
pub(crate) struct SignedIn(pub(crate) Caller);

impl FromRequestParts<App> for SignedIn {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Answer<Self> {
        anybody(app, parts).await.map(Self)
    }
}
