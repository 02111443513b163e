//! Credentials of Amazon, as its own tools find them (environment, shared files with profiles, single sign-on, web
//! identity, containers, instances), and Signature Version 4.

use std::sync::Mutex;
use std::time::{Duration, SystemTime};

use aws_config::{BehaviorVersion, Region, SdkConfig};
use aws_credential_types::Credentials;
use aws_credential_types::provider::ProvideCredentials as _;
use aws_sigv4::http_request::{
    PayloadChecksumKind, SignableBody, SignableRequest, SigningSettings, sign,
};
use aws_sigv4::sign::v4;
use aws_smithy_http_client::tls;

use crate::block;
use crate::call::Call;
use crate::client::{Authorize, CredentialsError, causes};

const ADVICE: &str =
    "set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or AWS_PROFILE, or run `aws sso login`";

/// The account that calls, whatever the region.
pub struct Account {
    config: SdkConfig,
    /// Asked for once and again when they run out.
    credentials: Mutex<Option<Credentials>>,
}

/// Signs calls of one service in one region.
pub struct Signer<'a> {
    /// Who.
    pub account: &'a Account,
    /// `ec2` or `ebs`.
    pub service: &'static str,
    /// Region.
    pub region: &'a str,
}

impl Account {
    /// Finds the region and where to look for credentials; these are asked for at the first call.
    pub fn find(region: Option<&str>, profile: Option<&str>) -> Self {
        let provider = tls::Provider::Rustls(tls::rustls_provider::CryptoMode::Ring);
        let http = aws_smithy_http_client::Builder::new().tls_provider(provider).build_https();
        let mut loader = aws_config::defaults(BehaviorVersion::v2026_01_12()).http_client(http);
        if let Some(region) = region {
            loader = loader.region(Region::new(region.to_owned()));
        }
        if let Some(profile) = profile {
            loader = loader.profile_name(profile);
        }
        Self { config: block::on(loader.load()), credentials: Mutex::new(None) }
    }

    /// The region that the environment or the profile says.
    pub fn region(&self) -> Option<String> {
        self.config.region().map(|region| region.as_ref().to_owned())
    }

    /// Another endpoint than Amazon's (`AWS_ENDPOINT_URL`, `endpoint_url` of a profile).
    pub fn endpoint(&self) -> Option<&str> {
        self.config.endpoint_url()
    }

    fn credentials(&self) -> Result<Credentials, CredentialsError> {
        let failed = |reason| CredentialsError { provider: "Amazon EC2", reason, advice: ADVICE };
        let mut kept = self.credentials.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        // What runs out within five minutes is replaced now.
        let soon = SystemTime::now() + Duration::from_mins(5);
        if let Some(kept) = &*kept
            && kept.expiry().is_none_or(|expiry| expiry > soon)
        {
            return Ok(kept.clone());
        }
        let Some(provider) = self.config.credentials_provider() else {
            return Err(failed("none are configured".to_owned()));
        };
        let found =
            block::on(provider.provide_credentials()).map_err(|error| failed(causes(&error)))?;
        Ok(kept.insert(found).clone())
    }
}

impl Authorize for Signer<'_> {
    fn authorize(&self, call: &mut Call, body: &[u8]) -> Result<(), CredentialsError> {
        let failed = |reason| CredentialsError { provider: "Amazon EC2", reason, advice: ADVICE };
        let identity = self.account.credentials()?.into();
        let mut settings = SigningSettings::default();
        settings.payload_checksum_kind = PayloadChecksumKind::XAmzSha256;
        let params = v4::SigningParams::builder()
            .identity(&identity)
            .region(self.region)
            .name(self.service)
            .time(SystemTime::now())
            .settings(settings)
            .build()
            .map_err(|error| failed(error.to_string()))?
            .into();
        // The service model has PutSnapshotBlock with an unsigned body; its checksum is a signed header.
        let payload = if call.name == super::ebs::PUT_BLOCK {
            SignableBody::UnsignedPayload
        } else {
            SignableBody::Bytes(body)
        };
        let instructions = {
            let headers = call.headers.iter().map(|(name, value)| (name.as_str(), value.as_str()));
            let request =
                SignableRequest::new(call.method.as_str(), call.url.as_str(), headers, payload)
                    .map_err(|error| failed(error.to_string()))?;
            let signed = sign(request, &params).map_err(|error| failed(error.to_string()))?;
            signed.into_parts().0
        };
        for (name, value) in instructions.headers() {
            call.headers.push((name.to_owned(), value.to_owned()));
        }
        Ok(())
    }

    fn renew(&self) -> bool {
        let mut kept =
            self.account.credentials.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        kept.take().is_some()
    }
}
