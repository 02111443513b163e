//! Keystone (Identity v3): a token, and where the image service is.

use std::sync::{Mutex, PoisonError};

use serde_json::{Map, Value, json};

use super::clouds::{Cloud, CloudError};
use crate::call::{Body, Call, Method, Reply};
use crate::client::{Anonymous, Authorize, Client, CredentialsError};
use crate::upload::UploadError;

/// What a login gives.
#[derive(Debug, Clone)]
struct Session {
    token: String,
    image: String,
}

/// A cloud that is logged in to when it is first called.
pub struct Keystone<'a> {
    client: &'a Client,
    login: Call,
    region: Option<&'a str>,
    interface: &'a str,
    session: Mutex<Option<Session>>,
}

impl<'a> Keystone<'a> {
    /// Logs in to nothing yet.
    pub fn new(
        client: &'a Client,
        cloud: &'a Cloud,
        region: Option<&'a str>,
    ) -> Result<Self, CloudError> {
        let interface = cloud.get("interface").unwrap_or("public").trim_end_matches("URL");
        let region = region.or_else(|| cloud.get("region_name"));
        let (login, session) = (login(cloud)?, Mutex::new(None));
        Ok(Self { client, login, region, interface, session })
    }

    fn session(&self) -> Result<Session, UploadError> {
        let mut session = self.session.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(session) = &*session {
            return Ok(session.clone());
        }
        let reply = self.client.send(&self.login, &Anonymous)?;
        let missing = |what| UploadError::Answer { name: "Keystone", what };
        let token = reply.header("x-subject-token").ok_or(missing("X-Subject-Token"))?.to_owned();
        let image = endpoint(&reply.value(), self.region, self.interface)
            .ok_or(missing("image service in its catalog (of this region and interface)"))?;
        Ok(session.insert(Session { token, image }).clone())
    }

    /// The endpoint of the image service, without a slash or a version at its end.
    pub fn image(&self) -> Result<String, UploadError> {
        Ok(self.session()?.image)
    }
}

impl Authorize for Keystone<'_> {
    fn authorize(&self, call: &mut Call, _: &[u8]) -> Result<(), CredentialsError> {
        let session = self.session().map_err(|error| CredentialsError {
            provider: "OpenStack",
            reason: error.to_string(),
            advice: "see clouds.yaml or the OS_* variables",
        })?;
        call.headers.push(("X-Auth-Token".to_owned(), session.token));
        Ok(())
    }

    fn renew(&self) -> bool {
        self.session.lock().unwrap_or_else(PoisonError::into_inner).take().is_some()
    }
}

/// `POST /v3/auth/tokens`.
pub fn login(cloud: &Cloud) -> Result<Call, CloudError> {
    let auth_url = cloud.get("auth_url").ok_or(CloudError::Lacking("no auth_url"))?;
    let auth_url = auth_url.trim_end_matches('/').trim_end_matches("/v3").trim_end_matches("/v2.0");
    let named = |id: &str, name: &str| {
        let id = cloud.get(id).map(|id| json!({ "id": id }));
        id.or_else(|| cloud.get(name).map(|name| json!({ "name": name })))
    };
    let domain = |id: &str, name: &str| {
        let own = named(id, name).or_else(|| named("domain_id", "domain_name"));
        own.or_else(|| named("default_domain", "default_domain"))
            .unwrap_or_else(|| json!({ "id": "default" }))
    };
    let user = || {
        let mut user = named("user_id", "username")?;
        if user.get("name").is_some() {
            user["domain"] = domain("user_domain_id", "user_domain_name");
        }
        Some(user)
    };
    let mut scoped = true;
    let identity = if let Some(secret) = cloud.get("application_credential_secret") {
        scoped = false;
        let lacking = CloudError::Lacking("no application_credential_id or _name");
        let mut credential =
            named("application_credential_id", "application_credential_name").ok_or(lacking)?;
        if credential.get("name").is_some() {
            credential["user"] =
                user().ok_or(CloudError::Lacking("a named application credential needs a user"))?;
        }
        credential["secret"] = json!(secret);
        json!({ "methods": ["application_credential"], "application_credential": credential })
    } else if let Some(password) = cloud.get("password") {
        let mut user = user().ok_or(CloudError::Lacking("no username or user_id"))?;
        user["password"] = json!(password);
        json!({ "methods": ["password"], "password": { "user": user } })
    } else if let Some(token) = cloud.get("token") {
        json!({ "methods": ["token"], "token": { "id": token } })
    } else {
        return Err(CloudError::Lacking("no password, application_credential_secret or token"));
    };
    let mut auth = Map::new();
    auth.insert("identity".to_owned(), identity);
    // An application credential is of one project already.
    if scoped
        && let Some(mut project) =
            named("project_id", "project_name").or_else(|| named("tenant_id", "tenant_name"))
    {
        if project.get("name").is_some() {
            project["domain"] = domain("project_domain_id", "project_domain_name");
        }
        auth.insert("scope".to_owned(), json!({ "project": project }));
    }
    let catalog = json!({ "token": { "catalog": [{ "type": "image", "endpoints":
        [{ "interface": "public", "url": "https://IMAGE-SERVICE" }] }] } });
    Ok(Call::new("Keystone: password or token", Method::Post, format!("{auth_url}/v3/auth/tokens"))
        .body(Body::Secret(json!({ "auth": auth })))
        .assume(Reply::json(&catalog).with("x-subject-token", "DRYRUN")))
}

/// The image service in a catalog.
fn endpoint(token: &Value, region: Option<&str>, interface: &str) -> Option<String> {
    let catalog = token.pointer("/token/catalog")?.as_array()?;
    let service =
        catalog.iter().find(|service| service.get("type").is_some_and(|kind| kind == "image"))?;
    let of = |endpoint: &Value, name: &str| {
        endpoint.get(name).and_then(Value::as_str).map(str::to_owned)
    };
    let fits = |endpoint: &&Value| {
        let here = of(endpoint, "region_id").or_else(|| of(endpoint, "region"));
        let in_region = region.is_none() || here.is_none() || here.as_deref() == region;
        in_region && of(endpoint, "interface").as_deref() == Some(interface)
    };
    let url = of(service.get("endpoints")?.as_array()?.iter().find(fits)?, "url")?;
    Some(url.trim_end_matches('/').trim_end_matches("/v2").to_owned())
}

#[cfg(test)]
mod tests;
