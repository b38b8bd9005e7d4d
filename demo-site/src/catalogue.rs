//! What Harbour & Pine sells.

pub(crate) struct Product {
    /// Names the page (`/products/SLUG.html`) and the picture (`/img/SLUG.svg`).
    pub(crate) slug: &'static str,
    pub(crate) name: &'static str,
    /// A line for the card and the search engines.
    pub(crate) line: &'static str,
    /// What the picture shows.
    pub(crate) alt: &'static str,
    /// At least one; the first is chosen at first.
    pub(crate) sizes: &'static [Size],
    /// Paragraphs.
    pub(crate) story: &'static [&'static str],
    /// Name and value.
    pub(crate) facts: &'static [(&'static str, &'static str)],
}

pub(crate) struct Size {
    pub(crate) name: &'static str,
    /// Price in pence.
    pub(crate) pence: u32,
}

const fn size(name: &'static str, pence: u32) -> Size {
    Size { name, pence }
}

impl Product {
    /// `/products/oak-bench.html`
    pub(crate) fn path(&self) -> String {
        format!("/products/{}.html", self.slug)
    }

    /// `£249`, or `from £249` if sizes differ in price.
    pub(crate) fn price(&self) -> String {
        let pence = self.sizes.iter().map(|size| size.pence);
        let (least, most) = (pence.clone().min().unwrap_or(0), pence.max().unwrap_or(0));
        if least == most { pounds(least) } else { format!("from {}", pounds(least)) }
    }
}

/// `£249` or `£24.50`.
pub(crate) fn pounds(pence: u32) -> String {
    match pence % 100 {
        0 => format!("£{}", pence / 100),
        rest => format!("£{}.{rest:02}", pence / 100),
    }
}

/// In the order of the shop window.
pub(crate) const PRODUCTS: &[Product] = &[
    Product {
        slug: "oak-bench",
        name: "Oak bench",
        line: "Green oak, pegged by hand. It greys like driftwood and stays put.",
        alt: "A garden bench of pale oak with a slatted back",
        sizes: &[size("Two seats, 120 cm", 24_900), size("Three seats, 160 cm", 31_900)],
        story: &[
            "Four boards, two trestles, eight pegs. No screw to rust and no varnish to peel: the oak is left as it \
             grew, and two winters outdoors turn it the grey of a harbour wall.",
            "It comes flat, with a mallet. Most people are sitting on it half an hour later.",
        ],
        facts: &[
            ("Wood", "European oak, FSC certified"),
            ("Seat height", "45 cm"),
            ("Weight", "21 kg (two seats), 27 kg (three seats)"),
            ("Care", "None. Oil it once a year if you want it to stay golden"),
        ],
    },
    Product {
        slug: "storm-lantern",
        name: "Storm lantern",
        line: "Burns through a gale for twenty hours on one filling.",
        alt: "A green storm lantern with a glowing flame behind glass",
        sizes: &[size("Small, 25 cm", 3800), size("Large, 35 cm", 5400)],
        story: &[
            "The draught that would blow out a candle is what feeds this flame: side tubes lead the wind down to the \
             burner, where it arrives calm and warm.",
            "Tinned steel, a cage for the glass, and a wick that you trim with kitchen scissors.",
        ],
        facts: &[
            ("Burns", "Lamp oil, 0.3 l (small) or 0.9 l (large)"),
            ("Burning time", "20 hours"),
            ("Glass", "Heat-proof, replaceable"),
            ("Care", "Keep it upright and let it cool before you fill it"),
        ],
    },
    Product {
        slug: "wool-blanket",
        name: "Wool blanket",
        line: "Lambswool from one valley, woven on the looms at its end.",
        alt: "A folded wool blanket with bands of cream, rust and pine green, and a fringe",
        sizes: &[size("Throw, 130 × 180 cm", 8900), size("Double, 200 × 220 cm", 14_500)],
        story: &[
            "Soft enough for a sleeping child, thick enough for the night ferry. The stripes follow an old harbour \
             pattern, which told boats apart before they had names.",
            "Woven, washed and fringed within nine miles of the sheep.",
        ],
        facts: &[
            ("Wool", "100% lambswool, undyed cream, plant-dyed stripes"),
            ("Weight", "480 g per square metre"),
            ("Made in", "The Teviot valley"),
            ("Care", "Air it. Wash cool, by hand, when it must be"),
        ],
    },
    Product {
        slug: "enamel-kettle",
        name: "Enamel kettle",
        line: "For the hob, the stove and the edge of a fire.",
        alt: "A red enamel kettle with a curved spout and a wooden handle",
        sizes: &[size("1.5 litres", 4600), size("2.5 litres", 5800)],
        story: &[
            "Two coats of enamel on steel, fired hotter than any campfire. The beech handle stays cool and the spout \
             pours without a drip, which took four attempts.",
        ],
        facts: &[
            ("Works on", "Gas, induction, wood stoves, embers"),
            ("Handle", "Beech, oiled"),
            ("Lid", "Stays on to the last cup"),
            ("Care", "Dry it after use; a spoonful of vinegar lifts the scale"),
        ],
    },
    Product {
        slug: "pine-stool",
        name: "Pine stool",
        line: "Three legs, so it never wobbles. Good for milking and for guests.",
        alt: "A round three-legged stool of light pine",
        sizes: &[size("Low, 32 cm", 6400), size("Table height, 45 cm", 7200)],
        story: &[
            "Turned from slow northern pine, close-grained and light. The legs are wedged from above: the more you sit \
             on it, the tighter they get.",
        ],
        facts: &[
            ("Wood", "Scots pine, soap finish"),
            ("Seat", "30 cm across"),
            ("Carries", "150 kg"),
            ("Care", "Wipe it; soap it once a year"),
        ],
    },
    Product {
        slug: "rope-doormat",
        name: "Rope doormat",
        line: "Knotted from harbour rope that has retired from the sea.",
        alt: "An oval doormat woven from thick rope",
        sizes: &[size("Oval, 45 × 70 cm", 4200), size("Wide, 50 × 100 cm", 5900)],
        story: &[
            "A sailor's flat knot, eleven metres of it. The rope has spent its years on mooring lines, so mud and rain \
             hold no surprises for it.",
            "No two are of one colour. Yours will be straw, sand or weathered blue.",
        ],
        facts: &[
            ("Rope", "Reclaimed manila, 24 mm"),
            ("Made by", "Two retired riggers"),
            ("Lies", "Flat from the first day"),
            ("Care", "Beat it, hose it, hang it up"),
        ],
    },
    Product {
        slug: "enamel-mugs",
        name: "Enamel mugs",
        line: "A pair that has no best side and fears no drop.",
        alt: "Two enamel mugs, one cream and one blue, with dark rims",
        sizes: &[size("Pair, 300 ml", 2450), size("Four, 300 ml", 4500)],
        story: &["For coffee on the slipway and soup on the hill. Chips will come, and each has a story."],
        facts: &[
            ("Made of", "Steel, two coats of enamel"),
            ("Holds", "300 ml"),
            ("On a fire", "Yes. Mind your lips"),
            ("Care", "Dishwasher, or sand and sea water"),
        ],
    },
    Product {
        slug: "log-carrier",
        name: "Log carrier",
        line: "Sailcloth and rope: an armful of wood, and none of it on the floor.",
        alt: "A canvas log carrier with rope handles, filled with split logs",
        sizes: &[size("One size", 5200)],
        story: &[
            "Cut from the same cloth as working sails, waxed against wet bark, sewn with a stitch that sailmakers \
             use where it must not give.",
        ],
        facts: &[
            ("Cloth", "Waxed cotton canvas, 18 oz"),
            ("Handles", "Spliced hemp"),
            ("Carries", "25 kg of split logs"),
            ("Care", "Shake it out; wax it again after some winters"),
        ],
    },
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn prices_read_as_people_write_them() {
        assert_eq!(pounds(24_900), "£249");
        assert_eq!(pounds(2405), "£24.05");
        let price_of = |slug| PRODUCTS.iter().find(|product| product.slug == slug).unwrap().price();
        assert_eq!(price_of("oak-bench"), "from £249");
        assert_eq!(price_of("log-carrier"), "£52");
    }

    #[test]
    fn every_product_can_be_bought_and_has_a_picture() {
        for product in PRODUCTS {
            assert!(!product.sizes.is_empty() && !product.story.is_empty(), "{}", product.slug);
            let picture = format!("/img/{}.svg", product.slug);
            assert!(crate::files::FILES.iter().any(|file| file.path == picture), "{picture}");
        }
    }
}
