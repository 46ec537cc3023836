//! Acquire, wait, renew and release with nothing but generated code and tonic. What a layer over it should do besides: clients/README.md.
use std::{env, error::Error, time::Duration};

use callme_proto::callme::v1::lock_service_client::LockServiceClient;
use callme_proto::callme::v1::{AcquireRequest, LeaseState, ReleaseRequest, RenewRequest};
use tonic::{Request, metadata::MetadataValue, transport::Channel};

type Failure = Box<dyn Error + Send + Sync>;

/// A call that bears a key: an API key, or a lease's own token.
fn call<T>(message: T, key: &str) -> Result<Request<T>, Failure> {
    let mut request = Request::new(message);
    if !key.is_empty() {
        request.metadata_mut().insert("x-api-key", MetadataValue::try_from(key)?);
    }
    Ok(request)
}

fn seconds(seconds: i64) -> Option<prost_types::Duration> {
    Some(prost_types::Duration { seconds, nanos: 0 })
}

/// Every third of the ttl. A Renew that fails is tried again soon: there is time until the ttl is over.
async fn keep(mut locks: LockServiceClient<Channel>, lease_id: String, token: String) -> Result<(), Failure> {
    let mut pause = Duration::from_secs(20);
    loop {
        tokio::time::sleep(pause).await;
        let renewed = locks.renew(call(RenewRequest { lease_id: lease_id.clone(), ..Default::default() }, &token)?).await;
        pause = Duration::from_secs(if renewed.is_ok() { 20 } else { 2 });
    }
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Failure> {
    let url = env::var("CALL_ME_URL").unwrap_or("http://127.0.0.1:8000".into());
    let key = env::var("CALL_ME_API_KEY").unwrap_or_default();
    let mut locks = LockServiceClient::connect(url).await?;

    // The same request again keeps the place in line; after a broken connection too.
    let request = AcquireRequest {
        environment: "uat".into(),
        request_id: uuid::Uuid::new_v4().to_string(),
        ttl: seconds(60),
        wait: seconds(60),
        ..Default::default()
    };
    let (lease, token) = loop {
        let answer = locks.acquire(call(request.clone(), &key)?).await?.into_inner();
        let lease = answer.lease.ok_or("the server sent no lease")?;
        match lease.state() {
            LeaseState::Held => break (lease, answer.lease_token),
            LeaseState::Queued | LeaseState::Offered => println!("waiting at position {}", lease.position),
            _ => return Err(format!("not acquired: {:?} {}", lease.end_reason(), lease.end_note).into()),
        }
    };

    // From here on the lease's own token is enough.
    let keeping = tokio::spawn(keep(locks.clone(), lease.id.clone(), token.clone()));
    println!("held, with fencing token {}", lease.environments[0].fencing_token);
    // … the work …
    keeping.abort();
    locks.release(call(ReleaseRequest { lease_id: lease.id, ..Default::default() }, &token)?).await?;
    Ok(())
}
