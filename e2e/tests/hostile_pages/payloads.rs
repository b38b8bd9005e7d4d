//! What is tried: files of `fixtures/hostile`, a payload behind each line that begins with `@@` and a name.

/// One attempt, by a name that tells it apart in whatever it would run or fetch.
#[derive(Debug, Clone)]
pub(crate) struct Payload {
    pub(crate) id: String,
    pub(crate) name: &'static str,
    pub(crate) markup: String,
}

const FAMILIES: [(&str, &str); 7] = [
    ("markup", include_str!("../../fixtures/hostile/markup.txt")),
    ("svg", include_str!("../../fixtures/hostile/svg.txt")),
    ("mathml", include_str!("../../fixtures/hostile/mathml.txt")),
    ("css", include_str!("../../fixtures/hostile/css.txt")),
    ("addresses", include_str!("../../fixtures/hostile/addresses.txt")),
    ("mutation", include_str!("../../fixtures/hostile/mutation.txt")),
    ("shapes", include_str!("../../fixtures/hostile/shapes.txt")),
];
pub(crate) const PROGRAMS: &str = include_str!("../../fixtures/hostile/programs.js");
pub(crate) const PLANT: &str = include_str!("../../fixtures/hostile/plant.js");
/// As deep as a reader of JSON goes along.
const LEVELS: usize = 40;

/// What stands for the placeholders of a payload.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Spelling<'a> {
    /// Origin of the shop, which is listed.
    pub(crate) shop: &'a str,
    /// Host and port that nobody may ask for anything.
    pub(crate) trap: &'a str,
}

impl Spelling<'_> {
    pub(crate) fn run(&self, id: &str) -> String {
        format!("pwned(`{id}`)")
    }

    pub(crate) fn trap(&self, id: &str) -> String {
        format!("http://{}/{id}", self.trap)
    }

    pub(crate) fn spell(&self, id: &str, text: &str) -> String {
        text.replace("DEEP", &"<div>".repeat(LEVELS))
            .replace("RUN", &self.run(id))
            .replace("TRAP", &self.trap(id))
            .replace("HOST", &format!("{}/{id}", self.trap))
            .replace("DNS", &format!("{id}.{}", self.trap))
            .replace("?ID", &format!("?{id}"))
            .replace("SHOP", self.shop)
    }
}

/// All of the files, each with its markup.
pub(crate) fn all(spelling: Spelling<'_>) -> Vec<Payload> {
    let mut all = Vec::new();
    for (family, text) in FAMILIES {
        let blocks = format!("\n{text}");
        for (at, block) in blocks.split("\n@@ ").skip(1).enumerate() {
            let name = text.lines().filter_map(|line| line.strip_prefix("@@ ")).nth(at).unwrap_or_default();
            let body = block.split_once('\n').map_or("", |(_, body)| body);
            let id = format!("{family}-{at}");
            let mut markup = spelling.spell(&id, body.trim_end_matches('\n'));
            if family == "css" {
                let address = spelling.trap(&id);
                markup = format!(
                    "<style>{markup}</style><p id=t data-u=\"{address}/u\">abc</p><input id=i value=secret checked>"
                );
            }
            all.push(Payload { id, name, markup });
        }
    }
    all
}

/// Names of the programs, in order.
pub(crate) fn programs() -> Vec<&'static str> {
    let names = PROGRAMS
        .lines()
        .filter_map(|line| line.strip_prefix("  \"")?.split_once("\": ("))
        .map(|(name, _)| name);
    names.collect()
}

/// It asks the shop, which is listed, to lead or reach to what is not: the policy of the replica's document alone can
/// see that.
pub(crate) fn is_for_the_policy(payload: &Payload) -> bool {
    payload.markup.contains("/redirect?to=") || payload.markup.contains("/listed.css?")
}
