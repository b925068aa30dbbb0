//! The reader against another strict parser, on thousands of damaged messages: both must refuse the
//! same texts and read the same values from the others. What may differ is listed by name in
//! [`Difference`], each with an example; a difference without a name fails.

#[path = "wire_differential/damage.rs"]
mod damage;

use std::collections::BTreeMap;

use roxmltree::{Document, Error as TheirError, Node};
use sdp_gateway::wire::accessgw::AccessGw;
use sdp_gateway::wire::rqst::Rqst;
use sdp_gateway::wire::{Message, Unreadable, decode, read_text};

use damage::{PIECES, Random, damage};

const NOTIFY: &str = include_str!("data/wire/notify.xml");
const CHECK: &str = include_str!("data/wire/check.xml");

/// Damaged copies made of each message, and texts put together at random. Enough to meet every
/// difference that a hundred times as many meet.
const DAMAGED_EACH: usize = 2500;
const RANDOM: usize = 20_000;

/// What the other parser makes of a text: a message, a document that is none, or nothing.
type Theirs = Result<Option<Message>, TheirError>;
type Ours = Result<Message, Unreadable>;

/// Where the two may differ. The first is forgiven by contract, the second a bound of ours; all
/// others are rules that the other parser leaves out or gets wrong, and XML's text is with us.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Difference {
    /// Forgiven: blanks before the XML declaration.
    BlankBeforeDeclaration,
    /// Refused: over one of our bounds.
    Bound,
    /// They check neither the declaration's values nor one that has no space after `xml`.
    DeclarationUnchecked,
    /// They allow an instruction named `xml`, with a colon, or with no blank after its name.
    InstructionUnchecked,
    /// They read a reference to a surrogate, or beyond Unicode, as U+FFFD.
    ReferenceToNoCharacter,
    /// They allow a colon at the start of a name.
    ColonAtStart,
    /// They allow the default namespace, or the prefix `xml`, to be declared twice on one tag.
    NamespaceTwice,
    /// They allow `xmlns:p=""` and declarations of the prefix `xmlns`.
    NamespaceReserved,
    /// They drop a second byte order mark, which is text before the root.
    SecondMark,
    /// They take `p:xmlns` for a default namespace, whatever `p` is.
    XmlnsWithPrefix,
    /// They do not know the prefix `xml` of an element, which needs no declaration.
    ElementWithPrefixXml,
    /// They leave a carriage return beside a reference as it is.
    LineEndBesideReference,
}

impl Difference {
    const EXAMPLES: [(Self, &'static str); 18] = [
        (Self::BlankBeforeDeclaration, "\r\n<?xml version='1.0'?><RQST/>"),
        (
            Self::Bound,
            "<RQST><a><a><a><a><a><a><a><a><a><a><a><a><a><a><a><a/></a></a></a></a></a></a></a></a></a></a></a></a></a></a></a></RQST>",
        ),
        (Self::DeclarationUnchecked, "<?xml version='one'?><RQST/>"),
        (Self::DeclarationUnchecked, "<?xml\tencoding='one'?><RQST/>"),
        (Self::DeclarationUnchecked, "<RQST/><?xml\tversion='1.0'?>"),
        (Self::InstructionUnchecked, "<?XML?><RQST/>"),
        (Self::InstructionUnchecked, "<?a+b?><RQST/>"),
        (Self::InstructionUnchecked, "<RQST><?a:b?></RQST>"),
        (Self::ReferenceToNoCharacter, "<RQST>&#xD800;</RQST>"),
        (Self::ColonAtStart, "<:RQST/>"),
        (Self::ColonAtStart, "<RQST></:RQST>"),
        (Self::SecondMark, "\u{FEFF}\u{FEFF}<RQST/>"),
        (Self::NamespaceTwice, "<RQST xmlns='a' xmlns='b'/>"),
        (Self::NamespaceReserved, "<RQST xmlns:p=''/>"),
        (Self::NamespaceReserved, "<RQST xmlns:xmlns='p'/>"),
        (Self::XmlnsWithPrefix, "<RQST p:xmlns='q'/>"),
        (Self::ElementWithPrefixXml, "<xml:RQST/>"),
        (Self::LineEndBesideReference, "<RQST><note>a\r&amp;b</note></RQST>"),
    ];

    /// The name for how the two differ over `text`, if it has one.
    fn of(text: &str, ours: &Ours, theirs: &Theirs) -> Option<Self> {
        match (ours, theirs) {
            (Ok(_), Ok(Some(_))) => {
                let lines = text.replace("\r\n", "\n").replace('\r', "\n");
                (text.contains('&') && agree(ours, &read_theirs(&lines)))
                    .then_some(Self::LineEndBesideReference)
            }
            (Err(Unreadable::NotXml), Ok(_)) if text.starts_with('\u{FEFF}') => Some(Self::SecondMark),
            (Err(Unreadable::TooMany(_)), Ok(_)) => Some(Self::Bound),
            (Err(Unreadable::IllFormed { what, .. }), Ok(_)) => Self::of_refused(what, text),
            (_, Err(TheirError::UnexpectedDeclaration(_))) => {
                let bare = text.trim_start_matches([' ', '\t', '\r', '\n']);
                let moved = bare.len() < text.len() && bare.starts_with("<?xml ");
                (moved && explained(bare, ours)).then_some(Self::BlankBeforeDeclaration)
            }
            (_, Err(TheirError::UnknownNamespace(prefix, _))) if prefix == "xml" => {
                let renamed = text.replace("<xml:", "<").replace("</xml:", "</");
                explained(&renamed, ours).then_some(Self::ElementWithPrefixXml)
            }
            _ => None,
        }
    }

    fn of_refused(what: &str, text: &str) -> Option<Self> {
        match what {
            "a malformed XML declaration" => Some(Self::DeclarationUnchecked),
            "an XML declaration that is not at the start" if has_tabbed_declaration(text) => {
                Some(Self::DeclarationUnchecked)
            }
            "a bad processing instruction" => Some(Self::InstructionUnchecked),
            "an undefined reference" if text.contains("&#") => Some(Self::ReferenceToNoCharacter),
            "a wrong end tag or comment" if text.contains("</:") => Some(Self::ColonAtStart),
            "a bad element name" if text.contains("<:") => Some(Self::ColonAtStart),
            "a bad attribute name" if text.contains([' ', '\t', '\r', '\n']) && text.contains(':') => {
                Some(Self::ColonAtStart)
            }
            "an attribute twice" if text.contains("xmlns") => Some(Self::NamespaceTwice),
            "a namespace that may not be declared so" => Some(Self::NamespaceReserved),
            "an undeclared prefix" if text.contains(":xmlns") => Some(Self::XmlnsWithPrefix),
            _ => None,
        }
    }
}

/// A declaration that they take for an instruction, as it has no space after its name.
fn has_tabbed_declaration(text: &str) -> bool {
    ["<?xml\t", "<?xml\n", "<?xml\r", "<?xml?>"].iter().any(|start| text.contains(start))
}

/// Whether the two agree on the text, or differ only by another name.
fn explained(text: &str, ours: &Ours) -> bool {
    let theirs = read_theirs(text);
    agree(ours, &theirs) || Difference::of(text, ours, &theirs).is_some()
}

fn agree(ours: &Ours, theirs: &Theirs) -> bool {
    match (ours, theirs) {
        (Ok(ours), Ok(Some(theirs))) => ours == theirs,
        (Err(Unreadable::WrongRoot | Unreadable::TwoMessages), Ok(None)) | (Err(_), Err(_)) => true,
        _ => false,
    }
}

fn read_theirs(text: &str) -> Theirs {
    let document = Document::parse(text)?;
    let root = document.root_element();
    let mut envelopes = 0;
    let mut found = vec![(root, 0)];
    while let Some(at) = found.iter().position(|(node, _)| folded(*node) == "envelope") {
        let (envelope, depth) = found.remove(at);
        envelopes = envelopes.max(depth + 1);
        let bodies = envelope.children().filter(|node| folded(*node) == "body");
        found.extend(bodies.flat_map(|body| body.children()).map(|child| (child, depth + 1)));
    }
    found.retain(|(node, _)| matches!(folded(*node).as_str(), "accessgw" | "rqst"));
    Ok(match found[..] {
        [(message, depth)] if depth == envelopes && envelopes <= 2 => Some(message_of(message)),
        _ => None,
    })
}

fn folded(node: Node<'_, '_>) -> String {
    node.tag_name().name().replace('_', "").to_ascii_lowercase()
}

fn message_of(node: Node<'_, '_>) -> Message {
    let own_text = |node: Node<'_, '_>| -> String {
        node.children().filter(Node::is_text).filter_map(|text| text.text()).collect()
    };
    let fields = node.children().filter(Node::is_element);
    if folded(node) == "rqst" {
        return Message::Rqst(Rqst::from_params(
            fields.map(|field| (field.tag_name().name(), own_text(field))),
        ));
    }
    let is_head = |name: &str| matches!(name, "module" | "messagetype");
    let mut pairs = Vec::new();
    for field in fields {
        if folded(field) == "command" {
            let fields = field.children().filter(|field| field.is_element() && !is_head(&folded(*field)));
            pairs.extend(fields.map(|field| (field.tag_name().name(), own_text(field))));
        } else if is_head(&folded(field)) {
            pairs.push((field.tag_name().name(), own_text(field)));
        }
    }
    Message::AccessGw(AccessGw::from_params(pairs))
}

/// How often what came out.
#[derive(Default)]
struct Tally {
    read: usize,
    refused: usize,
    differences: BTreeMap<Difference, usize>,
}

impl Tally {
    fn compare(&mut self, body: &[u8]) -> Option<Difference> {
        let text = decode::text(body, None);
        let (ours, theirs) = (read_text(&text), read_theirs(&text));
        match &ours {
            Ok(_) => self.read += 1,
            Err(_) => self.refused += 1,
        }
        if agree(&ours, &theirs) {
            return None;
        }
        let difference = Difference::of(&text, &ours, &theirs);
        assert!(difference.is_some(), "no name for it:\n{text:?}\nours:   {ours:?}\ntheirs: {theirs:?}");
        *self.differences.entry(difference?).or_default() += 1;
        difference
    }
}

#[test]
fn every_difference_has_an_example() {
    for (difference, text) in Difference::EXAMPLES {
        assert_eq!(Tally::default().compare(text.as_bytes()), Some(difference), "{text}");
    }
}

#[test]
fn messages_read_alike() {
    let mut tally = Tally::default();
    for message in messages() {
        assert_eq!(tally.compare(message.as_bytes()), None, "{message}");
    }
    assert_eq!(tally.refused, 0);
}

#[test]
fn damaged_messages_read_alike() {
    let mut random = Random(0x5D9);
    let mut tally = Tally::default();
    for message in messages() {
        for _ in 0..DAMAGED_EACH {
            let mut bytes = message.clone().into_bytes();
            for _ in 0..=random.below(3) {
                damage(&mut bytes, &mut random);
            }
            tally.compare(&bytes);
        }
    }
    println!("read {}, refused {}, {:?}", tally.read, tally.refused, tally.differences);
    assert!(tally.read > DAMAGED_EACH && tally.refused > DAMAGED_EACH);
}

#[test]
fn random_texts_read_alike() {
    let mut random = Random(0xF00D);
    let mut tally = Tally::default();
    for _ in 0..RANDOM {
        let pieces: String = (0..=random.below(6)).map(|_| random.one_of(&PIECES)).collect();
        let inside = random.one_of(&[
            "<RQST>@</RQST>",
            "<RQST@></RQST>",
            "@<RQST/>",
            "<RQST/>@",
            "<RQST a='@'><note>1</note></RQST>",
            "<RQST><note>@</note></RQST>",
        ]);
        tally.compare(inside.replace('@', &pieces).as_bytes());
    }
    println!("read {}, refused {}, {:?}", tally.read, tally.refused, tally.differences);
    assert!(tally.read > RANDOM / 50 && tally.refused > RANDOM / 50);
}

/// Messages as the carrier sends them, and as its bus and others might.
fn messages() -> Vec<String> {
    let soap = |inner: &str| {
        format!(
            "<soap:Envelope xmlns:soap=\"http://schemas.xmlsoap.org/soap/envelope/\"><soap:Header/>\
             <soap:Body>{inner}</soap:Body></soap:Envelope>"
        )
    };
    let small = "<ACCESSGW a='1' b=\"2\"><MODULE>SDP</MODULE><COMMAND><queueID>1</queueID>\
                 <commandcode><![CDATA[KQ &<@]]></commandcode><!-- c --><regType>&#49;</regType>\
                 <errorDesc>a &lt;&amp;&gt; b</errorDesc><x:y xmlns:x='urn:x' x:z='1'/></COMMAND></ACCESSGW>";
    vec![
        NOTIFY.to_owned(),
        CHECK.to_owned(),
        NOTIFY.replace('\n', "\r\n"),
        NOTIFY.to_uppercase(),
        small.to_owned(),
        format!("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<!-- c -->{small}<?pi?>\n"),
        small.replacen(' ', " xmlns=\"http://ws.apache.org/ns/synapse\" ", 1),
        small.replace("<ACCESSGW", "<n:ACCESSGW xmlns:n='urn:n'").replace("</ACCESSGW", "</n:ACCESSGW"),
        soap(small),
        soap(&soap(CHECK.trim())),
        "<RQST><name>n</name><msisdn>84</msisdn><note>a\r\nb\rc</note></RQST>".to_owned(),
    ]
}
