//! Sign-in at somebody else's: OpenID Connect Core 1.0, authorization code flow with PKCE (RFC 7636), state and nonce, found by
//! OpenID Connect Discovery 1.0. Entra ID, Google, Keycloak and others by their discovery documents alone.

use std::pin::Pin;
use std::sync::Once;
use std::time::Duration;

use openidconnect::core::{
    CoreAuthDisplay, CoreAuthPrompt, CoreErrorResponseType, CoreGenderClaim, CoreJsonWebKey, CoreJweContentEncryptionAlgorithm,
    CoreJwsSigningAlgorithm, CoreProviderMetadata, CoreResponseType, CoreRevocableToken, CoreRevocationErrorResponse,
    CoreTokenIntrospectionResponse, CoreTokenType,
};
use openidconnect::{
    AdditionalClaims, AsyncHttpClient, AuthenticationFlow, AuthorizationCode, Client, ClientId, ClientSecret, CsrfToken,
    EmptyExtraTokenFields, EndpointMaybeSet, EndpointNotSet, EndpointSet, HttpRequest, HttpResponse, IdTokenFields, IssuerUrl,
    Nonce, OAuth2TokenResponse as _, PkceCodeChallenge, PkceCodeVerifier, RedirectUrl, Scope, StandardErrorResponse,
    StandardTokenResponse, TokenResponse as _, UserInfoClaims,
};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use subtle::ConstantTimeEq as _;

/// An answer of a provider is read up to so many bytes.
const MOST_BYTES: usize = 1 << 20;
/// A provider must answer within.
const PATIENCE: Duration = Duration::from_secs(10);
/// Groups that are looked at.
const MOST_GROUPS: usize = 500;

/// What goes wrong.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The settings.
    #[error("the provider's settings are not right: {0}")]
    Settings(String),
    /// The provider cannot be reached or answers nonsense.
    #[error("the provider of the sign-in does not answer as it should: {0}")]
    Provider(String),
    /// What came back is not right.
    #[error("the sign-in that came back is not right: {0}")]
    Refused(String),
}

/// A provider, as an administrator sets it up.
#[derive(Clone, Serialize, Deserialize)]
pub struct Settings {
    /// Issuer; its discovery document is at `/.well-known/openid-configuration` below it.
    pub issuer: String,
    /// Client id that the provider gave.
    pub client_id: String,
    /// Client secret that the provider gave, where it gave one.
    pub client_secret: Option<String>,
    /// Where the provider sends people back to.
    pub redirect: String,
    /// Scopes beside `openid`.
    pub scopes: Vec<String>,
    /// Claim that lists groups: `groups` (Keycloak, Entra ID), `roles` (Entra ID's app roles).
    pub groups_claim: String,
}

impl std::fmt::Debug for Settings {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Settings").field("issuer", &self.issuer).field("client_id", &self.client_id).finish_non_exhaustive()
    }
}

/// What is kept between the way there and the way back; used once.
pub struct Pending {
    state: CsrfToken,
    nonce: Nonce,
    verifier: PkceCodeVerifier,
}

/// Who came back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Identity {
    /// Issuer.
    pub issuer: String,
    /// Id at the issuer; with it the only thing that names the person for good.
    pub subject: String,
    /// Name.
    pub name: String,
    /// Mail, when the issuer says that it is verified.
    pub email: Option<String>,
    /// Groups.
    pub groups: Vec<String>,
    /// How the provider authenticated (RFC 8176), to see a second factor.
    pub methods: Vec<String>,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
struct Others {
    #[serde(flatten)]
    all: Map<String, Value>,
}

impl AdditionalClaims for Others {}

type Fields =
    IdTokenFields<Others, EmptyExtraTokenFields, CoreGenderClaim, CoreJweContentEncryptionAlgorithm, CoreJwsSigningAlgorithm>;

type Configured = Client<
    Others,
    CoreAuthDisplay,
    CoreGenderClaim,
    CoreJweContentEncryptionAlgorithm,
    CoreJsonWebKey,
    CoreAuthPrompt,
    StandardErrorResponse<CoreErrorResponseType>,
    StandardTokenResponse<Fields, CoreTokenType>,
    CoreTokenIntrospectionResponse,
    CoreRevocableToken,
    CoreRevocationErrorResponse,
    EndpointSet,
    EndpointNotSet,
    EndpointNotSet,
    EndpointNotSet,
    EndpointMaybeSet,
    EndpointMaybeSet,
>;

/// A provider that was found by its discovery document. Keys change: find it anew now and then.
pub struct Provider {
    client: Configured,
    http: Http,
    settings: Settings,
}

impl Provider {
    /// Reads the discovery document and the keys.
    ///
    /// # Errors
    /// Settings that cannot be right, or the provider does not answer.
    pub async fn discover(settings: Settings) -> Result<Self, Error> {
        let http = http()?;
        let issuer = IssuerUrl::new(settings.issuer.clone()).map_err(|error| Error::Settings(error.to_string()))?;
        is_safe(issuer.url())?;
        let redirect = RedirectUrl::new(settings.redirect.clone()).map_err(|error| Error::Settings(error.to_string()))?;
        let found = CoreProviderMetadata::discover_async(issuer, &http).await.map_err(|error| provider(&error))?;
        is_safe(found.authorization_endpoint().url())?;
        let secret = settings.client_secret.clone().map(ClientSecret::new);
        let client =
            Client::from_provider_metadata(found, ClientId::new(settings.client_id.clone()), secret).set_redirect_uri(redirect);
        Ok(Self { client, http, settings })
    }

    /// Begins: the address to send the browser to, and what is kept.
    #[must_use]
    pub fn begin(&self) -> (String, Pending) {
        let (challenge, verifier) = PkceCodeChallenge::new_random_sha256();
        let flow = AuthenticationFlow::<CoreResponseType>::AuthorizationCode;
        let request = self.client.authorize_url(flow, CsrfToken::new_random, Nonce::new_random);
        let scopes = self.settings.scopes.iter().map(|scope| Scope::new(scope.clone()));
        let (url, state, nonce) = request.add_scopes(scopes).set_pkce_challenge(challenge).url();
        (url.to_string(), Pending { state, nonce, verifier })
    }

    /// Ends with what the browser brought back.
    ///
    /// # Errors
    /// Another state, another nonce, a token that is not for us, not by the issuer, or too old.
    pub async fn end(&self, pending: Pending, state: &str, code: &str) -> Result<Identity, Error> {
        if !bool::from(state.as_bytes().ct_eq(pending.state.secret().as_bytes())) {
            return Err(Error::Refused("it answers another sign-in".into()));
        }
        let exchange = self.client.exchange_code(AuthorizationCode::new(code.to_owned())).map_err(|error| provider(&error))?;
        let tokens =
            exchange.set_pkce_verifier(pending.verifier).request_async(&self.http).await.map_err(|error| refused(&error))?;
        let token = tokens.id_token().ok_or_else(|| Error::Refused("there is no ID token".into()))?;
        let claims = token.claims(&self.client.id_token_verifier(), &pending.nonce).map_err(|error| refused(&error))?;
        let mut all = claims.additional_claims().all.clone();
        let mut name = claims.name().and_then(|name| name.get(None)).map(|name| name.to_string());
        let mut email = claims.email().filter(|_| claims.email_verified() == Some(true)).map(|email| email.to_string());
        // Many providers put the profile and the groups into UserInfo only (OpenID Connect Core §5.4).
        if self.client.user_info_url().is_some() && (name.is_none() || !all.contains_key(&self.settings.groups_claim)) {
            let request = self.client.user_info(tokens.access_token().clone(), Some(claims.subject().clone()));
            let info: UserInfoClaims<Others, CoreGenderClaim> =
                request.map_err(|error| provider(&error))?.request_async(&self.http).await.map_err(|error| refused(&error))?;
            name = name.or_else(|| info.name().and_then(|name| name.get(None)).map(|name| name.to_string()));
            email = email.or_else(|| info.email().filter(|_| info.email_verified() == Some(true)).map(|email| email.to_string()));
            let groups = info.additional_claims().all.get(&self.settings.groups_claim).cloned();
            all.extend(groups.map(|groups| (self.settings.groups_claim.clone(), groups)));
        }
        let methods = claims.auth_method_refs().into_iter().flatten().map(|method| method.to_string()).collect();
        Ok(Identity {
            issuer: claims.issuer().to_string(),
            subject: claims.subject().to_string(),
            name: name.unwrap_or_else(|| claims.subject().to_string()),
            email,
            groups: texts(all.get(&self.settings.groups_claim)),
            methods,
        })
    }
}

/// A list of texts, or one.
fn texts(value: Option<&Value>) -> Vec<String> {
    match value {
        Some(Value::String(one)) => vec![one.clone()],
        Some(Value::Array(many)) => many.iter().take(MOST_GROUPS).filter_map(|one| one.as_str().map(str::to_owned)).collect(),
        _ => Vec::new(),
    }
}

/// HTTPS, or this machine itself.
fn is_safe(url: &url::Url) -> Result<(), Error> {
    let is_here = matches!(url.host_str(), Some("localhost" | "127.0.0.1" | "[::1]"));
    if url.scheme() == "https" || is_here { Ok(()) } else { Err(Error::Settings(format!("{url} is not HTTPS"))) }
}

/// No redirects are followed: a provider must not send the hub elsewhere.
fn http() -> Result<Http, Error> {
    static CRYPTO: Once = Once::new();
    CRYPTO.call_once(|| {
        // Where the program has chosen already, that choice stands.
        let _ = rustls::crypto::ring::default_provider().install_default();
    });
    let builder = reqwest::Client::builder().redirect(reqwest::redirect::Policy::none()).timeout(PATIENCE).no_proxy();
    builder.build().map(Http).map_err(|error| Error::Settings(error.to_string()))
}

/// The way to a provider.
struct Http(reqwest::Client);

impl<'c> AsyncHttpClient<'c> for Http {
    type Error = std::io::Error;
    type Future = Pin<Box<dyn Future<Output = Result<HttpResponse, Self::Error>> + Send + 'c>>;

    fn call(&'c self, request: HttpRequest) -> Self::Future {
        Box::pin(call(&self.0, request))
    }
}

async fn call(http: &reqwest::Client, request: HttpRequest) -> Result<HttpResponse, std::io::Error> {
    let request = reqwest::Request::try_from(request).map_err(std::io::Error::other)?;
    is_safe(request.url()).map_err(std::io::Error::other)?;
    let mut response = http.execute(request).await.map_err(std::io::Error::other)?;
    let (status, headers) = (response.status(), response.headers().clone());
    let mut body = Vec::new();
    while let Some(chunk) = response.chunk().await.map_err(std::io::Error::other)? {
        if body.len() + chunk.len() > MOST_BYTES {
            return Err(std::io::Error::other("the answer is longer than 1 MiB"));
        }
        body.extend_from_slice(&chunk);
    }
    let mut answer = HttpResponse::new(body);
    *answer.status_mut() = status;
    *answer.headers_mut() = headers;
    Ok(answer)
}

fn provider(error: &dyn std::error::Error) -> Error {
    Error::Provider(chain(error))
}

fn refused(error: &dyn std::error::Error) -> Error {
    Error::Refused(chain(error))
}

/// The error and what is behind it.
fn chain(error: &dyn std::error::Error) -> String {
    std::iter::successors(Some(error), |error| error.source()).take(5).map(ToString::to_string).collect::<Vec<_>>().join(": ")
}
