use std::path::Path;

use clap::Parser;
use store::testing::TestDatabase;

use super::*;
use crate::clock::SystemClock;

#[tokio::test]
async fn business_is_made_and_its_site_allowed() {
    let office = Office::open().await;
    let key = office.says("business create --name Harbour --region gb --origin https://shop.example").await;
    assert!(key.trim().starts_with("rs_"), "{key}");
    let key = key.trim();
    office.says(&format!("origin add --business {key} https://www.shop.example:443/")).await;
    let list = office.says("business list").await;
    assert_eq!(list, format!("{key}\tHarbour\thttps://shop.example https://www.shop.example\n"));
    office.says(&format!("origin remove --business {key} https://shop.example")).await;
    assert!(!office.says("business list").await.contains(" https://shop.example"));
}

#[tokio::test]
async fn rotated_key_takes_the_place_of_the_old() {
    let office = Office::with_business().await;
    let new = office.says("key rotate --business harbour").await;
    let error = office.fails("key rotate --business harbour").await;
    assert!(error.contains("business list"), "says what to do: {error}");
    office.says(&format!("key rotate --business {}", new.trim())).await;
}

#[tokio::test]
async fn agent_gets_a_password_that_is_printed_once_and_works() {
    let office = Office::with_business().await;
    let said = office.says("agent create --business harbour --login ada --name Ada --skill english").await;
    let password = said.lines().find_map(|line| line.strip_prefix("password ")).unwrap();
    let login = office.database.store.find_login("ada").await.unwrap().unwrap();
    assert!(passwords::verify(password, &login.password_hash));

    office.says("agent password --login ada").await;
    let changed = office.database.store.find_login("ada").await.unwrap().unwrap();
    assert_ne!(changed.password_hash, login.password_hash);
    assert_eq!(changed.agent, login.agent);
    assert_eq!(office.says("agent list --business harbour").await, "ada\tAda\tenglish\tagent\n");
}

#[tokio::test]
async fn login_that_is_taken_is_refused() {
    let office = Office::with_business().await;
    office.says("agent create --business harbour --login ada --name Ada").await;
    let error = office.fails("agent create --business harbour --login ada --name Eve").await;
    assert!(error.contains("taken"), "{error}");
    assert!(office.fails("agent skills --login nobody x").await.contains("agent list"));
}

#[tokio::test]
async fn skills_replace_those_that_were_set_before() {
    let office = Office::with_business().await;
    office.says("agent create --business harbour --login ada --name Ada --skill english").await;
    office.says("agent skills --login ada returns sales").await;
    assert_eq!(office.says("agent list --business harbour").await, "ada\tAda\treturns,sales\tagent\n");
    office.says("agent supervisor --login ada true").await;
    assert_eq!(office.says("agent list --business harbour").await, "ada\tAda\treturns,sales\tsupervisor\n");
    office.says("agent player --login ada true").await;
    office.says("agent supervisor --login ada false").await;
    assert_eq!(office.says("agent list --business harbour").await, "ada\tAda\treturns,sales\tagent,player\n");
}

#[tokio::test]
async fn changed_setting_is_a_new_version_and_the_same_one_is_none() {
    let office = Office::with_business().await;
    let id = office.database.store.businesses().await.unwrap()[0].id;
    let version = || async { office.database.store.setup(id).await.unwrap().settings.version };
    let first = version().await;
    office.says("settings set --business harbour ring_agent 2s").await;
    assert_eq!(version().await, first + 1);
    office.says("settings set --business harbour ring_agent 2s").await;
    assert_eq!(version().await, first + 1);
    assert!(office.says("settings show --business harbour").await.contains("ring_agent = 2s\n"));
    office.says("skill add --business harbour returns").await;
    assert!(office.says("settings show --business harbour").await.contains("skills = returns\n"));
}

#[tokio::test]
async fn field_of_a_business_is_set_and_shown() {
    let office = Office::with_business().await;
    office.says("business set --business harbour dispositions Sold,Lost").await;
    assert!(office.says("business set --business harbour").await.contains("dispositions = Sold,Lost\n"));
    assert!(office.fails("business set --business harbour colour red").await.contains("mask_strict"));
}

#[tokio::test]
async fn consent_text_is_set_under_a_version_that_keeps_it() {
    let office = Office::with_business().await;
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("text");
    let set = |version: &str| {
        format!("consent set --business harbour --version {version} --file {}", file.display())
    };
    std::fs::write(&file, "We call you,\n  and see your page.\n").unwrap();
    assert!(office.says(&set("2")).await.ends_with("We call you, and see your page.\n"));
    let business = office.database.store.businesses().await.unwrap().remove(0);
    assert_eq!(
        (business.consent_version.as_str(), business.consent_text()),
        ("2", "We call you, and see your page.")
    );
    let shown = office.says("consent show --business harbour").await;
    assert!(shown.starts_with("1\t\tThe agent") && shown.contains("\n2\tnow\tWe call you, and"), "{shown}");
    assert!(shown.contains("\ncontrol-1\tnow\tLet {agent} click"), "that of control: {shown}");

    std::fs::write(&file, "Something else.").unwrap();
    assert!(office.fails(&set("2")).await.contains("choose another version"));
    assert!(office.fails(&set("1")).await.contains("choose another version"), "the built-in text");
    std::fs::write(&file, " ").unwrap();
    assert!(office.fails(&set("3")).await.contains("empty"));
    assert!(office.fails("business set --business harbour consent_version 9").await.contains("consent set"));
    let unchanged = office.database.store.businesses().await.unwrap().remove(0);
    assert_eq!(unchanged, business);
}

#[tokio::test]
async fn prompt_must_be_a_recording_for_a_known_slot() {
    let office = Office::with_business().await;
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("name.wav");
    std::fs::write(&file, prompts::DEMO_NAME).unwrap();
    let set =
        |slot: &str, file: &Path| format!("prompt set --business harbour --slot {slot} {}", file.display());
    office.says(&set("name", &file)).await;
    let id = office.database.store.businesses().await.unwrap()[0].id;
    assert_eq!(office.database.store.prompts(id).await.unwrap()[0].wav, prompts::DEMO_NAME);
    assert!(office.fails(&set("jingle", &file)).await.contains("opted_out"));
    std::fs::write(&file, "not a recording").unwrap();
    assert!(office.fails(&set("name", &file)).await.contains("cannot be used"));
}

#[tokio::test]
async fn handset_links_are_given_in_the_demo_alone() {
    let mut office = Office::with_business().await;
    assert!(office.fails("handset-code --business harbour").await.contains("demo"));
    office.config.demo = true;
    let link = office.says("handset-code --business harbour --number +442079460777").await;
    assert!(link.starts_with("http://localhost:0/handset/#code="), "{link}");
    let error = office.fails("handset-code --business harbour --number +493023125042").await;
    assert!(error.contains("demo"), "{error}");
}

struct Office {
    database: TestDatabase,
    config: Config,
}

#[derive(Parser)]
struct Line {
    #[command(subcommand)]
    command: Admin,
}

impl Office {
    async fn open() -> Self {
        Self { database: store::testing::sqlite().await, config: Config::local(Path::new("unused")) }
    }

    async fn with_business() -> Self {
        let office = Self::open().await;
        office.says("business create --name Harbour --region GB --key harbour").await;
        office
    }

    async fn run(&self, line: &str) -> anyhow::Result<String> {
        let line = Line::try_parse_from(["admin"].into_iter().chain(line.split(' ')))?;
        let mut out = Vec::new();
        let clock: Arc<dyn Clock> = Arc::new(SystemClock::default());
        run(line.command, &self.config, &self.database.store, &clock, &mut out).await?;
        Ok(String::from_utf8(out)?)
    }

    async fn says(&self, line: &str) -> String {
        self.run(line).await.unwrap_or_else(|error| panic!("{line}: {error:#}"))
    }

    async fn fails(&self, line: &str) -> String {
        match self.run(line).await {
            Ok(said) => panic!("{line} was accepted: {said}"),
            Err(error) => format!("{error:#}"),
        }
    }
}
