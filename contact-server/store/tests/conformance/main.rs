//! What a store must do, whichever database is behind it: every test runs against SQLite and Postgres.
#![expect(clippy::unwrap_used, reason = "a test fails by a panic")]
mod commits;
mod corruption;
mod erasures;
mod examples;
mod history;
mod isolation;
mod loading;
mod model;
mod recordings;
mod retention;
mod setup;
mod tokens;

/// One list for both databases. A test that is not listed is dead code, which the compiler points out.
macro_rules! conformance {
    ($($module:ident: $($test:ident),+;)+) => {
        mod sqlite {
            $($(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $test() {
                crate::$module::$test(store::testing::sqlite().await).await;
            })+)+
        }
        mod postgres {
            $($(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $test() {
                crate::$module::$test(store::testing::postgres().await).await;
            })+)+
        }
    };
}

conformance! {
    commits:
        a_commit_is_read_back_by_load,
        a_commit_of_an_older_epoch_is_refused_and_writes_nothing,
        a_commit_that_fails_writes_nothing,
        a_business_that_nobody_made_cannot_be_claimed_or_committed_to,
        a_batch_of_hundreds_is_written_whole,
        of_several_changes_of_a_row_the_last_wins,
        sequences_have_no_gaps_when_two_businesses_commit_together,
        no_older_commit_slips_by_a_claim,
        a_sign_of_life_moves_the_last_moment_and_nothing_else,
        what_was_committed_is_there_when_the_database_is_opened_again,
        text_that_a_database_cannot_hold_is_mended;
    loading:
        closed_contacts_are_left_out,
        legs_of_the_last_day_are_kept_for_the_budget,
        legs_of_the_day_before_the_last_event_are_kept_and_today_is_no_earlier,
        settings_of_open_contacts_come_with_the_newest,
        today_counts_what_ended_since_midnight_and_was_bridged,
        a_trail_holds_its_newest_pages,
        a_removed_agent_is_gone_and_can_come_back;
    tokens:
        a_contacts_token_is_found_until_it_expires,
        the_tokens_of_a_contact_end_with_it,
        a_replaced_contact_token_is_the_only_one,
        a_token_is_found_until_it_expires_or_is_revoked,
        a_token_is_taken_at_most_once,
        a_contact_has_one_session_code,
        the_sessions_of_an_agent_end_together,
        an_idempotency_key_is_kept_until_it_expires,
        a_sweep_takes_what_has_expired_and_nothing_else;
    history:
        a_search_finds_name_number_note_and_wrap_up,
        a_search_takes_wildcards_and_hostile_text_as_they_stand,
        pages_visit_each_contact_once_newest_first,
        a_mark_that_no_page_gave_is_refused,
        merged_requests_are_no_calls,
        a_contact_in_full_has_its_legs_trail_and_wrap_up,
        earlier_contacts_of_a_number_are_counted;
    isolation:
        every_method_keeps_to_its_row_of_the_matrix,
        every_read_of_another_business_finds_nothing,
        the_same_ids_in_another_business_are_other_rows;
    setup:
        a_business_is_put_and_changed_by_its_id,
        taken_names_are_told,
        a_login_is_found_without_regard_to_case,
        an_agent_of_no_business_is_refused,
        every_change_of_the_setup_is_noticed,
        prompts_are_kept_by_slot;
    erasures:
        an_erased_contact_has_no_person_and_its_legs_no_number,
        an_opt_out_stands_after_the_erasure_and_names_no_number,
        an_opt_out_of_version_0_1_loses_its_number_with_the_erasure,
        an_erasure_is_taken_by_one_and_stays_in_the_journal,
        a_consent_text_never_changes_and_is_told_with_the_contact;
    retention:
        who_is_due_is_closed_old_and_kept_and_the_oldest_comes_first,
        a_trail_goes_before_its_customer,
        a_record_goes_once_nobody_is_named_in_it;
    recordings:
        a_recording_goes_with_the_erasure_of_its_contact_and_none_is_begun_after_it,
        recordings_are_found_by_age_and_by_lock;
    corruption:
        damaged_rows_are_reported_and_never_a_panic;
    model:
        load_after_commit_is_a_fold_of_the_changes;
}
