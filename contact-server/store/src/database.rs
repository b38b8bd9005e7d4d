//! [`Store`] over whichever database was opened.
use async_trait::async_trait;
use contact_core::{
    Settings,
    record::{AgentProfile, Change, ContactRow, Snapshot, TokenHash},
};
use shared::{
    AgentId, BusinessId, ContactId, Timestamp,
    api::{ContactDetail, ContactPage},
};

use crate::{
    AgentLogin, Business, HistoryQuery, OwnerEpoch, PromptClip, Records, Setup, Store, StoreError, Token,
    admin, backend::Backend, commit, history, load, sql::args, tokens,
};

pub(crate) struct Kept {
    pub(crate) backend: Backend,
}

#[async_trait]
impl Store for Kept {
    async fn put_business(&self, business: &Business, settings: &Settings) -> Result<(), StoreError> {
        admin::put_business(&self.backend, business, settings).await
    }
    async fn businesses(&self) -> Result<Vec<Business>, StoreError> {
        admin::businesses(&self.backend).await
    }
    async fn put_agent(
        &self,
        business: BusinessId,
        profile: &AgentProfile,
        login: &str,
        password_hash: &str,
    ) -> Result<(), StoreError> {
        admin::put_agent(&self.backend, business, profile, login, password_hash).await
    }
    async fn find_login(&self, login: &str) -> Result<Option<AgentLogin>, StoreError> {
        admin::find_login(&self.backend, login).await
    }
    async fn agent_login(
        &self,
        business: BusinessId,
        agent: AgentId,
    ) -> Result<Option<AgentLogin>, StoreError> {
        admin::agent_login(&self.backend, business, agent).await
    }
    async fn setup(&self, business: BusinessId) -> Result<Setup, StoreError> {
        admin::setup(&self.backend, business).await
    }
    async fn setup_version(&self) -> Result<u64, StoreError> {
        admin::setup_version(&self.backend).await
    }
    async fn put_prompt(&self, business: BusinessId, clip: &PromptClip) -> Result<(), StoreError> {
        admin::put_prompt(&self.backend, business, clip).await
    }
    async fn prompts(&self, business: BusinessId) -> Result<Vec<PromptClip>, StoreError> {
        admin::prompts(&self.backend, business).await
    }
    async fn claim(&self, business: BusinessId) -> Result<OwnerEpoch, StoreError> {
        commit::claim(&self.backend, business).await
    }
    async fn load(&self, business: BusinessId, now: Timestamp) -> Result<Snapshot, StoreError> {
        load::load(&self.backend, business, now).await
    }
    async fn commit(
        &self,
        business: BusinessId,
        epoch: OwnerEpoch,
        changes: &[Change],
    ) -> Result<u64, StoreError> {
        commit::commit(&self.backend, business, epoch, changes).await
    }
    async fn find_contact_token(
        &self,
        hash: &TokenHash,
        now: Timestamp,
    ) -> Result<Option<(BusinessId, ContactId)>, StoreError> {
        tokens::find_contact(&self.backend, hash, now).await
    }
    async fn replace_contact_token(
        &self,
        business: BusinessId,
        contact: ContactId,
        hash: &TokenHash,
        expires_at: Timestamp,
    ) -> Result<(), StoreError> {
        tokens::replace_contact(&self.backend, business, contact, hash, expires_at).await
    }
    async fn put_token(&self, token: &Token) -> Result<(), StoreError> {
        tokens::put(&self.backend, token).await
    }
    async fn find_token(&self, hash: &TokenHash, now: Timestamp) -> Result<Option<Token>, StoreError> {
        tokens::find(&self.backend, hash, now).await
    }
    async fn take_token(&self, hash: &TokenHash, now: Timestamp) -> Result<Option<Token>, StoreError> {
        tokens::take(&self.backend, hash, now).await
    }
    async fn revoke_token(&self, hash: &TokenHash) -> Result<(), StoreError> {
        tokens::revoke(&self.backend, hash).await
    }
    async fn revoke_agent_sessions(&self, business: BusinessId, agent: AgentId) -> Result<(), StoreError> {
        tokens::revoke_agent(&self.backend, business, agent).await
    }
    async fn history(&self, business: BusinessId, query: &HistoryQuery) -> Result<ContactPage, StoreError> {
        history::history(&self.backend, business, query).await
    }
    async fn contact(
        &self,
        business: BusinessId,
        contact: ContactId,
    ) -> Result<Option<ContactDetail>, StoreError> {
        history::contact(&self.backend, business, contact).await
    }
    async fn contact_row(
        &self,
        business: BusinessId,
        contact: ContactId,
    ) -> Result<Option<ContactRow>, StoreError> {
        history::contact_row(&self.backend, business, contact).await
    }
    async fn earlier_contacts(&self, business: BusinessId, contact: ContactId) -> Result<u32, StoreError> {
        history::earlier(&self.backend, business, contact).await
    }
    async fn sweep(&self, now: Timestamp) -> Result<(), StoreError> {
        tokens::sweep(&self.backend, now).await
    }
    async fn ping(&self) -> Result<(), StoreError> {
        self.backend.rows("nothing", "SELECT 1", args()).await.map(drop)
    }
    fn records(&self) -> &dyn Records {
        self
    }
}
