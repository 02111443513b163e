//! Credentials of Azure: a key or a signature of the storage account, or a token of the Resource Manager's directory.

use std::sync::{Arc, Mutex, PoisonError};

use azure_core::credentials::{Secret, TokenCredential};
use azure_identity::{
    AzureCliCredential, ClientSecretCredential, ManagedIdentityCredential,
    WorkloadIdentityCredential,
};

use super::shared_key::SharedKey;
use crate::block;
use crate::call::Call;
use crate::client::{Authorize, CredentialsError, causes};

const ADVICE: &str =
    "set AZURE_TENANT_ID, AZURE_CLIENT_ID and AZURE_CLIENT_SECRET, or run `az login`";

/// A token of the directory for one service.
pub struct Token {
    /// What it is for: `https://management.azure.com/.default`.
    pub scope: String,
    found: Mutex<Option<Arc<dyn TokenCredential>>>,
}

/// How the blob service is called.
pub enum Storage {
    /// With the key of the account.
    Key(SharedKey),
    /// With a shared access signature: query parameters.
    Signature(String),
    /// With a token.
    Token(Token),
}

/// What the environment says of the storage account.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Account {
    /// Name.
    pub name: Option<String>,
    /// Key in Base64.
    pub key: Option<String>,
    /// Shared access signature.
    pub signature: Option<String>,
    /// Endpoint of the blob service.
    pub endpoint: Option<String>,
}

fn set(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|value| !value.is_empty())
}

impl Account {
    /// As the storage commands of `az` take it from the environment.
    pub fn from_environment() -> Self {
        let mut account = set("AZURE_STORAGE_CONNECTION_STRING")
            .map_or_else(Self::default, |text| Self::from_connection_string(&text));
        account.name = set("AZURE_STORAGE_ACCOUNT").or(account.name);
        account.key = set("AZURE_STORAGE_KEY").or(account.key);
        account.signature = set("AZURE_STORAGE_SAS_TOKEN").or(account.signature);
        account
    }

    /// `DefaultEndpointsProtocol=https;AccountName=...;AccountKey=...;EndpointSuffix=...`.
    pub fn from_connection_string(text: &str) -> Self {
        let of = |wanted: &str| {
            let pairs = text.split(';').filter_map(|pair| pair.split_once('='));
            let mut found = pairs.filter(|(key, _)| key.trim().eq_ignore_ascii_case(wanted));
            found.next().map(|(_, value)| value.trim().to_owned())
        };
        let name = of("AccountName");
        let suffix = name.as_ref().zip(of("EndpointSuffix")).map(|(name, suffix)| {
            let protocol = of("DefaultEndpointsProtocol").unwrap_or_else(|| "https".to_owned());
            format!("{protocol}://{name}.blob.{suffix}")
        });
        let (key, signature) = (of("AccountKey"), of("SharedAccessSignature"));
        Self { name, key, signature, endpoint: of("BlobEndpoint").or(suffix) }
    }
}

impl Token {
    /// Asks for nothing yet.
    pub fn new(scope: &str) -> Self {
        Self { scope: scope.to_owned(), found: Mutex::new(None) }
    }

    fn credential(&self) -> azure_core::Result<Arc<dyn TokenCredential>> {
        let mut found = self.found.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(found) = &*found {
            return Ok(found.clone());
        }
        block::provider();
        let credential: Arc<dyn TokenCredential> =
            if let (Some(tenant), Some(client), Some(secret)) =
                (set("AZURE_TENANT_ID"), set("AZURE_CLIENT_ID"), set("AZURE_CLIENT_SECRET"))
            {
                ClientSecretCredential::new(&tenant, client, Secret::new(secret), None)?
            } else if set("AZURE_FEDERATED_TOKEN_FILE").is_some() {
                WorkloadIdentityCredential::new(None)?
            } else if set("IDENTITY_ENDPOINT").or_else(|| set("MSI_ENDPOINT")).is_some() {
                ManagedIdentityCredential::new(None)?
            } else {
                AzureCliCredential::new(None)?
            };
        Ok(found.insert(credential).clone())
    }
}

impl Authorize for Token {
    fn authorize(&self, call: &mut Call, _: &[u8]) -> Result<(), CredentialsError> {
        let failed = |error: azure_core::Error| CredentialsError {
            provider: "Azure",
            reason: causes(&error),
            advice: ADVICE,
        };
        let credential = self.credential().map_err(failed)?;
        let token = block::on(credential.get_token(&[&self.scope], None)).map_err(failed)?;
        call.headers.push(("Authorization".to_owned(), format!("Bearer {}", token.token.secret())));
        Ok(())
    }

    fn renew(&self) -> bool {
        self.found.lock().unwrap_or_else(PoisonError::into_inner).take().is_some()
    }
}

impl Authorize for Storage {
    fn authorize(&self, call: &mut Call, body: &[u8]) -> Result<(), CredentialsError> {
        match self {
            Self::Key(key) => key.authorize(call, body),
            Self::Token(token) => token.authorize(call, body),
            Self::Signature(query) => {
                let mark = if call.url.contains('?') { '&' } else { '?' };
                call.url = format!("{}{mark}{}", call.url, query.trim_start_matches('?'));
                Ok(())
            }
        }
    }

    fn renew(&self) -> bool {
        matches!(self, Self::Token(token) if token.renew())
    }
}

#[cfg(test)]
mod tests;
