//! Links the customers of a dealer with users of a mini-program, including users who become customers later, across two
//! runs.
//!
//! ```text
//! cargo run -p wecom-upstream --example map_customers
//! ```
//!
//! The example uses the simulator and a file. In production, use a client of wecom-hyper and a database table.

#![allow(clippy::print_stdout, reason = "an example prints")]

use std::collections::BTreeMap;
use std::error::Error;
use std::io;

use wecom_mock::ManualTimer;
use wecom_simulator::Simulator;
use wecom_upstream::ids::PendingId;
use wecom_upstream::jobs::SavedFile;
use wecom_upstream::jobs::customers::{CustomerRecord, CustomerStore, Recognition};
use wecom_upstream::{AgentId, CorpId, ExternalUserId, OpenId, UnionId, Upstream};

/// A file with all records. A production store has an index on `unionid` and one on `pending_id`.
struct File {
    file: SavedFile,
    records: BTreeMap<String, CustomerRecord>,
}

impl File {
    fn open(file: SavedFile) -> io::Result<Self> {
        let records = match file.load()? {
            Some(json) => serde_json::from_slice(&json)?,
            None => BTreeMap::new(),
        };
        Ok(Self { file, records })
    }
}

impl CustomerStore for File {
    type Error = io::Error;

    async fn get(&mut self, unionid: &UnionId) -> io::Result<Option<CustomerRecord>> {
        Ok(self.records.get(unionid.as_str()).cloned())
    }

    async fn find(&mut self, pending_id: &PendingId) -> io::Result<Option<CustomerRecord>> {
        let matches =
            |record: &&CustomerRecord| record.pending.as_ref().is_some_and(|pending| pending.pending_id == *pending_id);
        Ok(self.records.values().find(matches).cloned())
    }

    async fn put(&mut self, record: &CustomerRecord) -> io::Result<()> {
        self.records.insert(record.unionid.to_string(), record.clone());
        self.file.save(&serde_json::to_vec(&self.records)?)
    }
}

fn main() -> Result<(), Box<dyn Error>> {
    let simulator = Simulator::demo().on_timer(ManualTimer::new());
    let file = std::env::temp_dir().join(format!("wecom-customers-{}.json", std::process::id()));
    let file = SavedFile::new(file);
    pollster::block_on(async {
        println!("today: three users of the mini-program");
        let mut map = Upstream::new(simulator.client()).map_customers(File::open(file.clone())?);
        for name in ["Chen", "Liu", "Wang"] {
            let (unionid, openid) = (format!("oUnion{name}"), format!("oOpen{name}"));
            let record = map.remember(UnionId::new(unionid), OpenId::new(openid)).await?;
            match &record.pending {
                None => println!("  {name} is a customer of {} corps", record.known_to.len()),
                Some(_) => println!("  {name} is not a customer yet and has a pending_id"),
            }
        }
        drop(map);

        println!("next week, in another process: a dealer has added Wang and lists the dealer's customers");
        let (wang, dealer) = (UnionId::new("oUnionWang"), CorpId::new("wwjingxi"));
        simulator.add_customer(&wang, OpenId::new("oOpenWang"), &dealer, ExternalUserId::new("wmWangOfJingxi"));

        let upstream = Upstream::new(simulator.client());
        let mut map = upstream.map_customers(File::open(file.clone())?);
        let downstream = upstream.share(AgentId::new(1_000_002)).downstream(&dealer).await?;
        let listed = ["wmLiuOfJingxi", "wmWangOfJingxi"].map(ExternalUserId::new);
        let mut customers = map.recognize_by(&downstream, listed);
        while let Some(customer) = customers.next().await {
            match customer? {
                Recognition::Mapped { external_userid, unionid } => println!("  {external_userid} is {unionid}"),
                Recognition::Unknown { external_userid, .. } => println!("  {external_userid} had no pending_id"),
                Recognition::Failed { external_userid, error } => println!("  {external_userid}: {error}"),
                _ => {}
            }
        }
        let record = map.remember(wang, OpenId::new("oOpenWang")).await?;
        println!(
            "  from the store: {} in the corp {dealer}",
            record.external_userid(&dealer).map_or("-", ExternalUserId::as_str)
        );
        file.remove()?;
        Ok(())
    })
}
