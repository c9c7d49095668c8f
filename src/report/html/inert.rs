//! How a page is seen to be inert: a reader of tags as HTML has them (WHATWG §13.2.5), which knows nothing of what is not ours.

const TAGS: [&str; 46] = [
    "html",
    "head",
    "meta",
    "title",
    "style",
    "body",
    "a",
    "header",
    "p",
    "nav",
    "main",
    "section",
    "h1",
    "h2",
    "h3",
    "h4",
    "span",
    "strong",
    "ul",
    "li",
    "div",
    "table",
    "thead",
    "tbody",
    "tr",
    "th",
    "td",
    "abbr",
    "code",
    "pre",
    "figure",
    "figcaption",
    "svg",
    "rect",
    "line",
    "text",
    "circle",
    "article",
    "details",
    "summary",
    "dl",
    "dt",
    "dd",
    "del",
    "ins",
    "br",
];

const ATTRIBUTES: [&str; 32] = [
    "lang",
    "charset",
    "http-equiv",
    "content",
    "name",
    "id",
    "class",
    "href",
    "rel",
    "aria-label",
    "aria-labelledby",
    "aria-hidden",
    "role",
    "tabindex",
    "scope",
    "colspan",
    "title",
    "viewbox",
    "preserveaspectratio",
    "x",
    "y",
    "width",
    "height",
    "rx",
    "cx",
    "cy",
    "r",
    "x1",
    "x2",
    "y1",
    "y2",
    "text-anchor",
];

/// Elements that have no end.
const VOID: [&str; 2] = ["meta", "br"];

/// Fails where `page` holds anything but our own elements and attributes, properly nested and quoted, or an address that is
/// not one of `links`.
pub(crate) fn check(page: &str, links: &[&str]) {
    let hidden = |c: char| {
        c != '\n'
            && (c.is_control()
                || matches!(c, '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{feff}'))
    };
    assert!(!page.contains(hidden), "a hidden character");
    let mut rest = page.strip_prefix("<!doctype html>\n").expect("a doctype");
    let mut open: Vec<String> = Vec::new();
    while let Some(at) = rest.find('<') {
        text(&rest[..at], open.last().map(String::as_str));
        rest = &rest[at + 1..];
        let (tag, after) = tag(rest);
        rest = after;
        if let Some(name) = tag.name.strip_prefix('/') {
            assert_eq!(open.pop().as_deref(), Some(name), "an element that is not open is closed");
            continue;
        }
        assert!(TAGS.contains(&tag.name.as_str()), "an element: {tag:?}");
        for (name, value) in &tag.attributes {
            assert!(ATTRIBUTES.contains(&name.as_str()), "an attribute: {tag:?}");
            if name == "href" {
                assert!(value.starts_with('#') || links.contains(&value.as_str()), "an address: {tag:?}");
            }
        }
        if !tag.closed && !VOID.contains(&tag.name.as_str()) {
            open.push(tag.name);
        }
    }
    assert!(rest.trim().is_empty() && open.is_empty(), "left open: {open:?}");
}

fn text(text: &str, within: Option<&str>) {
    if within == Some("style") {
        return;
    }
    for (at, _) in text.match_indices('&') {
        let entity = &text[at..text[at..].find(';').map_or(text.len(), |end| at + end)];
        assert!(entity.starts_with("&#") && entity.len() < 10, "an entity: {entity}");
    }
    assert!(!text.contains('>'), "text: {text}");
}

#[derive(Debug)]
struct Tag {
    name: String,
    attributes: Vec<(String, String)>,
    closed: bool,
}

/// The tag at the beginning of `rest`, behind its `<`, and what follows it. Values must be in double quotes.
fn tag(rest: &str) -> (Tag, &str) {
    let end =
        rest.find([' ', '>', '/']).filter(|end| *end > 0).unwrap_or_else(|| 1 + rest[1..].find([' ', '>']).unwrap());
    let (name, mut rest) = rest.split_at(end);
    let mut tag = Tag { name: name.to_ascii_lowercase(), attributes: Vec::new(), closed: false };
    loop {
        rest = rest.trim_start_matches([' ', '\n']);
        if let Some(after) = rest.strip_prefix('>') {
            return (tag, after);
        }
        if let Some(after) = rest.strip_prefix("/>") {
            tag.closed = true;
            return (tag, after);
        }
        let end = rest.find(['=', ' ', '>']).expect("a tag is left open");
        let (name, after) = rest.split_at(end);
        let Some(quoted) = after.strip_prefix("=\"") else {
            panic!("an attribute without a quoted value: {}", &rest[..end]);
        };
        let (value, after) = quoted.split_once('"').expect("a value is left open");
        assert!(!value.contains(['<', '>']), "a value: {value}");
        // What a browser makes of it.
        let value = value.replace("&#39;", "'").replace("&#61;", "=").replace("&#38;", "&");
        tag.attributes.push((name.to_ascii_lowercase(), value));
        rest = after;
    }
}

#[test]
fn what_acts_is_seen() {
    let page = |inside: &str| format!("<!doctype html>\n<html><body>{inside}</body></html>");
    check(&page("<p class=\"a\">x &#60; y</p><br>"), &[]);
    for inside in [
        "<script>x</script>",
        "<p onclick=\"x\">x</p>",
        "<img src=\"x\">",
        "<p>",
        "</p>",
        "<a href=\"https://x\">x</a>",
        "<a href=\"javascript:x\">x</a>",
        "<p class=x>x</p>",
        "<p style=\"x\">x</p>",
        "a > b",
        "&lt;",
        "\u{202e}",
        "<p class=\"a<b\">x</p>",
        "<iframe></iframe>",
        "<!-- x -->",
    ] {
        let found = std::panic::catch_unwind(|| check(&page(inside), &[]));
        assert!(found.is_err(), "{inside}");
    }
}
