//! Why a deed of an agent was not done in a customer's page. Stable codes.

/// The customer has not given control, or took it back.
pub const NO_CONTROL: &str = "no_control";
/// No page is shown.
pub const NO_PAGE: &str = "no_page";
/// The page is another one than the agent saw.
pub const STALE: &str = "stale";
/// The element is not there any more.
pub const GONE: &str = "gone";
/// The element says something else than the agent saw.
pub const CHANGED: &str = "changed";
/// Something else lies above the element, or it cannot be seen.
pub const COVERED: &str = "covered";
/// The customer moves, types or scrolls there.
pub const CUSTOMER_FIRST: &str = "customer_first";
/// What agents do not see they cannot touch.
pub const MASKED: &str = "masked";
/// Files are chosen by customers alone.
pub const FILE: &str = "file";
/// The link or form leads away from the business, opens a window, or runs a script.
pub const LEADS_AWAY: &str = "leads_away";
/// The form holds what is masked: the customer sends it.
pub const CUSTOMER_SENDS: &str = "customer_sends";
/// The element is disabled, or does not take this.
pub const NOT_POSSIBLE: &str = "not_possible";
/// Too much at a time.
pub const TOO_FAST: &str = "too_fast";

/// All of them, for whoever must know each.
pub const ALL: [&str; 13] = [
    NO_CONTROL,
    NO_PAGE,
    STALE,
    GONE,
    CHANGED,
    COVERED,
    CUSTOMER_FIRST,
    MASKED,
    FILE,
    LEADS_AWAY,
    CUSTOMER_SENDS,
    NOT_POSSIBLE,
    TOO_FAST,
];
