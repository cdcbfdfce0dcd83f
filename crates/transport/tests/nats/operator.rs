//! An operator of NATS servers with one account: what `nsc` makes, as far as a test needs it.

use std::path::{Path, PathBuf};

use data_encoding::BASE64URL_NOPAD;
use nkeys::KeyPair;
use serde_json::{Value, json};

/// Signs accounts and users.
pub struct Operator {
    operator: KeyPair,
    account: KeyPair,
    system: KeyPair,
}

impl Operator {
    pub fn new() -> Self {
        Self { operator: KeyPair::new_operator(), account: KeyPair::new_account(), system: KeyPair::new_account() }
    }

    /// What a server that knows these has in its configuration.
    pub fn configuration(&self) -> String {
        let operator = token(&self.operator, &self.operator, &json!({ "type": "operator", "version": 2 }));
        let (account, system) = (self.account(&self.account), self.account(&self.system));
        let (key, system_key) = (self.account.public_key(), self.system.public_key());
        format!(
            "operator: {operator}\nsystem_account: {system_key}\nresolver: MEMORY\n\
             resolver_preload: {{ {key}: {account}, {system_key}: {system} }}\n"
        )
    }

    fn account(&self, account: &KeyPair) -> String {
        // Those of the system have no streams.
        let streams = if account.public_key() == self.system.public_key() { 0 } else { -1 };
        let limits = json!({
            "subs": -1, "data": -1, "payload": -1, "imports": -1, "exports": -1, "wildcards": true, "conn": -1, "leaf": -1,
            "mem_storage": streams, "disk_storage": streams, "streams": streams, "consumer": streams,
        });
        token(&self.operator, account, &json!({ "limits": limits, "type": "account", "version": 2 }))
    }

    /// A file with credentials of a user of the account, who may do what docs/nats.md says that a system needs.
    pub fn user(&self, folder: &Path, name: &str) -> PathBuf {
        let user = KeyPair::new_user();
        let publish = json!([format!("roscius.site.*.{name}"), "$JS.API.>", "$JS.FC.>", "$KV.roscius-site.>"]);
        let claims = json!({
            "pub": { "allow": publish }, "sub": { "allow": ["roscius.site.*.*", "_INBOX.>"] },
            "subs": -1, "data": -1, "payload": -1, "type": "user", "version": 2,
        });
        let token = token(&self.account, &user, &claims);
        let path = folder.join(format!("{name}.creds"));
        let seed = user.seed().unwrap();
        let text = format!(
            "-----BEGIN NATS USER JWT-----\n{token}\n------END NATS USER JWT------\n\n\
             -----BEGIN USER NKEY SEED-----\n{seed}\n------END USER NKEY SEED------\n"
        );
        std::fs::write(&path, text).unwrap();
        path
    }
}

/// What one key says of another.
fn token(issuer: &KeyPair, subject: &KeyPair, claims: &Value) -> String {
    let (iss, sub) = (issuer.public_key(), subject.public_key());
    let body = json!({ "jti": "1", "iat": 1_700_000_000, "iss": iss, "name": "test", "sub": sub, "nats": claims });
    let encoded = |value: &Value| BASE64URL_NOPAD.encode(value.to_string().as_bytes());
    let signed = format!("{}.{}", encoded(&json!({ "typ": "JWT", "alg": "ed25519-nkey" })), encoded(&body));
    let signature = BASE64URL_NOPAD.encode(&issuer.sign(signed.as_bytes()).unwrap());
    format!("{signed}.{signature}")
}
