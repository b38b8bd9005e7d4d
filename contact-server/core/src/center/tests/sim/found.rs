//! Seeds of histories that fail where a fault that was once found is planted again. A seed means the same
//! history only as long as the generator draws the same numbers: what was found stands as a claim of its own
//! beside the simulation, too.
use super::play;

macro_rules! found {
    ($($name:ident $seed:literal)*) => { $( #[test] fn $name() { drop(play($seed)); } )* };
}

found! {
    two_restarts_in_a_row_freed_a_number_whose_leg_was_up 2
    a_number_became_busy_and_its_request_stayed_in_the_line 3
    an_agent_lost_a_skill_while_a_dial_counted_on_him 47
    a_hang_up_was_lost_in_a_crash_and_not_told_again 1
}
