//! The fields that facts are read from.

use model::FactKind as K;

use crate::fact::Field;

pub(super) static HOST: Field = Field::new("http.host", "HTTP Host", K::ServerName);
pub(super) static USER_AGENT: Field = Field::new("http.user-agent", "HTTP User-Agent", K::UserAgent);
pub(super) static SERVER: Field = Field::new("http.server", "HTTP Server", K::ServerBanner);
pub(super) static POWERED_BY: Field = Field::new("http.x-powered-by", "HTTP X-Powered-By", K::ServerBanner);
pub(super) static REALM: Field = Field::new("http.realm", "HTTP WWW-Authenticate realm", K::HttpRealm);
pub(super) static CHALLENGE: Field = Field::new("http.challenge", "HTTP WWW-Authenticate scheme", K::Operation);
pub(super) static LOGIN: Field = Field::new("http.authorization", "HTTP Authorization scheme", K::LoginTried);
pub(super) static SUCCEEDED: Field = Field::new("http.login-status", "HTTP status after a log-in", K::LoginSucceeded);
pub(super) static FAILED: Field = Field::new("http.login-refused", "HTTP status after a log-in", K::LoginFailed);
pub(super) static CREDENTIAL: Field = Field::new("http.credential", "HTTP credentials", K::Credential);
pub(super) static ACCOUNT: Field = Field::new("http.account", "HTTP Authorization user name", K::Account);
pub(super) static CONTENT_TYPE: Field = Field::new("http.content-type", "HTTP Content-Type", K::Operation);
pub(super) static OPERATION: Field = Field::new("http.upgrade", "HTTP Upgrade", K::Operation);
pub(super) static TITLE: Field = Field::new("http.title", "title of the server's front page", K::ProductName);
pub(super) static DATE: Field = Field::new("http.date", "HTTP Date", K::Clock);
pub(super) static MANAGEMENT: Field = Field::new("http.path-management", "HTTP path of a management page", K::Management);
pub(super) static TUNNEL: Field = Field::new("http.connect", "HTTP CONNECT or Upgrade", K::Tunnel);
pub(super) static VERSION: Field = Field::new("http.version", "HTTP version", K::ProtocolVersion);
