use super::*;

fn fault(text: &str) -> XmlFault {
    fault_in(text, Profile::MESSAGE)
}

fn fault_in(text: &str, profile: Profile) -> XmlFault {
    match Document::parse(text.as_bytes(), profile) {
        Ok(_) => panic!("read: {text}"),
        Err(error) => error.fault,
    }
}

fn read(text: &str) -> Document<'_> {
    Document::parse(text.as_bytes(), Profile::MESSAGE).unwrap()
}

fn text_of(text: &str) -> String {
    read(text).root().text().unwrap().to_owned()
}

fn attribute_of(text: &str) -> String {
    read(text).root().attribute("v").unwrap().to_owned()
}

/// What a walk comes by: `<name`, text, `/name`.
fn steps(root: Element<'_>, excluded: Option<Element<'_>>) -> Vec<String> {
    root.walk(excluded)
        .map(|event| match event {
            Event::Start(element) => ["<", element.local_name()].concat(),
            Event::Text(text) => text.to_owned(),
            Event::End(element) => ["/", element.local_name()].concat(),
        })
        .collect()
}

#[test]
fn elements_attributes_and_text_are_where_they_were_written() {
    let document = read(
        "<?xml version=\"1.0\" encoding='utf-8' standalone=\"no\" ?>\n\
         <p:a xmlns:p=\"urn:p\" x='1' p:x=\"2\" ><b xmlns = \"urn:d\">t</b ><p:c/> <b/></p:a>\n",
    );
    let root = document.root();
    assert!(root.is("urn:p", "a"));
    assert_eq!(root.prefix(), "p");
    assert_eq!(root.attribute("x"), Some("1"));
    assert_eq!(root.attribute_in("urn:p", "x"), Some("2"));
    assert_eq!(root.attribute("y"), None);
    let names: Vec<_> = root
        .children()
        .map(|e| (e.namespace(), e.local_name()))
        .collect();
    assert_eq!(names, [("urn:d", "b"), ("urn:p", "c"), ("", "b")]);
    let inner = root.only_child("urn:d", "b").unwrap();
    assert_eq!(inner.text(), Ok("t"));
    assert_eq!(inner.parent(), Some(root));
    assert_eq!(inner.declaration_of("p").unwrap().namespace, "urn:p");
    assert_eq!(inner.declaration_of("").unwrap().namespace, "urn:d");
    assert!(root.declaration_of("").is_none());
    assert_eq!(root.parent(), None);
}

#[test]
fn a_walk_comes_by_everything_but_what_is_excluded() {
    let document = read("<a>1<b><c/>2</b>3<d/></a>");
    let root = document.root();
    let all = [
        "<a", "1", "<b", "<c", "/c", "2", "/b", "3", "<d", "/d", "/a",
    ];
    assert_eq!(steps(root, None), all);
    let b = root.only_child("", "b").unwrap();
    assert_eq!(steps(root, Some(b)), ["<a", "1", "3", "<d", "/d", "/a"]);
    assert_eq!(steps(b, None), ["<b", "<c", "/c", "2", "/b"]);
    let inside: Vec<_> = root.descendants().map(Element::local_name).collect();
    assert_eq!(inside, ["b", "c", "d"]);
}

#[test]
fn a_child_that_is_there_twice_is_not_chosen_from() {
    let document = read("<a><b>1</b><c/><b>2</b></a>");
    let root = document.root();
    let repeated = ShapeError::Repeated {
        parent: crate::federation::Quoted::new("a"),
        child: "b",
    };
    assert_eq!(root.child("", "b"), Err(repeated));
    assert_eq!(root.child("urn:other", "b"), Ok(None));
    assert!(matches!(
        root.only_child("", "d"),
        Err(ShapeError::Missing { child: "d", .. })
    ));
    assert!(matches!(
        root.text(),
        Err(ShapeError::ElementsInText { .. })
    ));
}

#[test]
fn words_between_children_are_seen_and_those_inside_them_are_not() {
    assert!(!read("<a> <b>words</b>\n</a>").root().has_words());
    assert!(read("<a> <b/>words</a>").root().has_words());
}

#[test]
fn a_line_end_in_text_is_a_line_feed_unless_it_is_a_reference() {
    assert_eq!(
        text_of("<a>1\r\n2\r3\n4\r\r\n5\t&#13;&#xA;</a>"),
        "1\n2\n3\n4\n\n5\t\r\n"
    );
}

#[test]
fn white_space_in_an_attribute_is_a_space_unless_it_is_a_reference() {
    assert_eq!(
        attribute_of("<a v='1\r\n2\r3\n4\t5&#9;&#10;&#13;&#32; '/>"),
        "1 2 3 4 5\t\n\r  "
    );
}

#[test]
fn references_are_read_once() {
    assert_eq!(
        text_of("<a>&lt;&gt;&amp;&quot;&apos;&#x1F600;&#0233;&amp;lt;</a>"),
        "<>&\"'😀é&lt;"
    );
    assert_eq!(attribute_of("<a v=\"&quot;'&#60;\"/>"), "\"'<");
}

#[test]
fn a_reference_to_anything_else_is_refused() {
    for reference in [
        "&nbsp;",
        "&x;",
        "&;",
        "& ",
        "&",
        "&#;",
        "&#x;",
        "&#0;",
        "&#x0;",
        "&#xD800;",
        "&#xFFFE;",
        "&#xFFFF;",
        "&#x110000;",
        "&#+65;",
        "&#x+41;",
        "&#-1;",
        "&#X41;",
        "&#4 1;",
        "&#12a;",
        "&#8;",
        "&#00000000065;",
        "&AMP;",
        "&amp",
    ] {
        assert_eq!(
            fault(&format!("<a>{reference}</a>")),
            XmlFault::Reference,
            "{reference}"
        );
        assert_eq!(
            fault(&format!("<a v='{reference}'/>")),
            XmlFault::Reference,
            "{reference}"
        );
    }
}

#[test]
fn s14_to_s20_what_attacks_hide_behind_is_refused() {
    for (text, expected) in [
        ("<a>b<!---->c</a>", XmlFault::Comment),
        ("<!-- --><a/>", XmlFault::Comment),
        ("<a/><!-- -->", XmlFault::Comment),
        ("<a><?p not-an-?>admin</a>", XmlFault::ProcessingInstruction),
        ("<?p?><a/>", XmlFault::ProcessingInstruction),
        ("<a/><?p?>", XmlFault::ProcessingInstruction),
        (
            " <?xml version='1.0'?><a/>",
            XmlFault::ProcessingInstruction,
        ),
        ("<a><![CDATA[b]]></a>", XmlFault::CharacterData),
        ("<a>b]]>c</a>", XmlFault::CharacterData),
        ("<a><![IGNORE[b</a>", XmlFault::CharacterData),
        ("<!DOCTYPE a><a/>", XmlFault::DocumentType),
        (
            "<!DOCTYPE a [<!ENTITY x SYSTEM 'file:///etc/passwd'>]><a>&x;</a>",
            XmlFault::DocumentType,
        ),
        (
            "<?xml version='1.0'?>\n<!doctype a><a/>",
            XmlFault::DocumentType,
        ),
        ("<a><!ELEMENT a ANY></a>", XmlFault::DocumentType),
    ] {
        assert_eq!(fault(text), expected, "{text}");
    }
}

#[test]
fn s51_other_encodings_and_versions_are_refused() {
    for declaration in [
        "version='1.1'",
        "version='1.0' encoding='UTF-7'",
        "version='1.0' encoding='ISO-8859-1'",
        "version='1.0' encoding='UTF-16'",
        "version='1.0' standalone='maybe'",
        "version='1.0' encoding='UTF-8' more='x'",
        "encoding='UTF-8'",
        "encoding='UTF-8' version='1.0'",
    ] {
        let text = format!("<?xml {declaration}?><a/>");
        assert_eq!(fault(&text), XmlFault::Declaration, "{declaration}");
    }
    assert_eq!(fault("\u{feff}<a/>"), XmlFault::Expected("<"));
    let not_utf8 = |bytes: &[u8]| {
        Document::parse(bytes, Profile::MESSAGE)
            .map(|_| ())
            .unwrap_err()
    };
    assert_eq!(not_utf8(b"<a>\xff</a>").fault, XmlFault::Encoding);
    assert_eq!(not_utf8(b"<a>\xff</a>").offset, 3);
    assert_eq!(not_utf8(b"<\0a\0/\0>\0").fault, XmlFault::Character);
    assert_eq!(not_utf8(b"\xff\xfe<\0a\0/\0>\0").fault, XmlFault::Encoding);
    assert_eq!(not_utf8(b"<a>\xc0\xbc</a>").fault, XmlFault::Encoding);
}

#[test]
fn characters_that_xml_does_not_have_are_refused() {
    for character in [
        '\0', '\u{1}', '\u{8}', '\u{b}', '\u{c}', '\u{1f}', '\u{fffe}', '\u{ffff}',
    ] {
        assert_eq!(
            fault(&format!("<a>x{character}</a>")),
            XmlFault::Character,
            "{character:?}"
        );
        assert_eq!(
            fault(&format!("<a v='{character}'/>")),
            XmlFault::Character,
            "{character:?}"
        );
    }
    assert_eq!(
        text_of("<a>\u{7f}\u{85}\u{2028}\u{f000}\u{fffd}\u{1fffe}</a>")
            .chars()
            .count(),
        6
    );
}

#[test]
fn what_is_not_well_formed_is_refused() {
    for (text, expected) in [
        ("", XmlFault::Expected("<")),
        ("text", XmlFault::Expected("<")),
        ("<a>", XmlFault::End),
        ("<a>text", XmlFault::End),
        ("<a/><b/>", XmlFault::End),
        ("<a/>text", XmlFault::End),
        ("<a></b>", XmlFault::EndTag),
        ("<a></ab>", XmlFault::EndTag),
        ("<ab></a>", XmlFault::EndTag),
        ("<a></a", XmlFault::EndTag),
        ("<a></ a>", XmlFault::EndTag),
        ("<a></a x='1'>", XmlFault::EndTag),
        ("<a><b></a></b>", XmlFault::EndTag),
        ("<p:a xmlns:p='u:p' xmlns:q='u:p'></q:a>", XmlFault::EndTag),
        ("<a", XmlFault::Expected(">")),
        ("< a/>", XmlFault::Name),
        ("<a / >", XmlFault::Expected(">")),
        ("<a b/>", XmlFault::Expected("=")),
        ("<a b=c/>", XmlFault::Expected("\"")),
        ("<a b='c/>", XmlFault::End),
        ("<a b='<'/>", XmlFault::Expected("a value without <")),
        ("<a b='1'c='2'/>", XmlFault::Expected(">")),
        ("<1a/>", XmlFault::Name),
        ("<-a/>", XmlFault::Name),
        ("<a:b:c xmlns:a='u:a'/>", XmlFault::Name),
        ("<:a/>", XmlFault::Name),
        ("<a:/>", XmlFault::Name),
        ("<a 1b='x'/>", XmlFault::Name),
        ("<é/>", XmlFault::Name),
        ("<aé/>", XmlFault::Expected(">")),
        ("<xmlns:a/>", XmlFault::Name),
    ] {
        assert_eq!(fault(text), expected, "{text}");
    }
}

#[test]
fn a_prefix_must_be_declared_and_goes_out_of_scope() {
    for text in [
        "<p:a/>",
        "<a p:b='1'/>",
        "<a><b xmlns:p='urn:p'/><p:c/></a>",
        "<a><b xmlns:p='urn:p'></b><p:c/></a>",
    ] {
        assert_eq!(fault(text), XmlFault::Prefix, "{text}");
    }
    let document =
        read("<a xmlns='urn:1' xmlns:p='urn:1'><b xmlns='' xmlns:p='urn:2'><p:c/></b><d/></a>");
    let names: Vec<_> = document
        .root()
        .descendants()
        .map(Element::namespace)
        .collect();
    assert_eq!(names, ["", "urn:2", "urn:1"]);
}

#[test]
fn s23_s24_namespaces_that_readers_disagree_about_are_refused() {
    let long = format!("urn:{}", "x".repeat(Profile::MAX_NAMESPACE - 4));
    assert!(Document::parse(format!("<a xmlns='{long}'/>").as_bytes(), Profile::MESSAGE).is_ok());
    for declaration in [
        "xmlns:v='1'",
        "xmlns='1'",
        "xmlns='relative/path'",
        "xmlns='//host/path'",
        "xmlns='#fragment'",
        "xmlns='1a:b'",
        "xmlns=' urn:a'",
        "xmlns='urn:a '",
        "xmlns='urn:a\n'",
        "xmlns='urn:a&#x20;b'",
        "xmlns='urn:&amp;'",
        "xmlns='urn:é'",
        "xmlns='urn:a%20b'",
        "xmlns='urn:a#b#c'",
        "xmlns='urn:a|b'",
        "xmlns='http://host:port/'",
        "xmlns='http://host:655350/'",
        "xmlns='http://host:/'",
        "xmlns='http://user@host/'",
        "xmlns='http://[::1]/'",
        "xmlns:p=''",
        "xmlns:xml='http://www.w3.org/XML/1998/namespace'",
        "xmlns:xml='urn:a'",
        "xmlns:p='http://www.w3.org/XML/1998/namespace'",
        "xmlns='http://www.w3.org/2000/xmlns/'",
        "xmlns:xmlns='urn:a'",
        &format!("xmlns='{long}x'"),
    ] {
        assert_eq!(
            fault(&format!("<a {declaration}/>")),
            XmlFault::Namespace,
            "{declaration}"
        );
    }
}

#[test]
fn an_attribute_is_there_once_by_every_name() {
    for text in [
        "<a b='1' b='1'/>",
        "<a xmlns:p='urn:1' xmlns:q='urn:1' p:b='1' q:b='2'/>",
        "<a p:b='1' q:b='2' xmlns:p='urn:1' xmlns:q='urn:1'/>",
        "<a xmlns='urn:1' xmlns='urn:1'/>",
        "<a xmlns:p='urn:1' xmlns:p='urn:2'/>",
    ] {
        assert_eq!(fault(text), XmlFault::DuplicateAttribute, "{text}");
    }
    read("<a xmlns='urn:1' xmlns:p='urn:1' b='1' p:b='2' xml:b='3'/>");
}

#[test]
fn s52_every_bound_holds() {
    let nested = |depth: usize| ["<a>".repeat(depth), "</a>".repeat(depth)].concat();
    read(&nested(Profile::MAX_DEPTH));
    assert_eq!(fault(&nested(Profile::MAX_DEPTH + 1)), XmlFault::TooDeep);
    assert_eq!(fault(&"<a>".repeat(20_000)), XmlFault::TooDeep);

    let siblings = |count: usize| ["<r>", &"<a/>".repeat(count - 1), "</r>"].concat();
    read(&siblings(8192));
    assert_eq!(fault(&siblings(8193)), XmlFault::TooManyElements(8192));

    let attributes = |count: usize| {
        let list: Vec<_> = (0..count).map(|number| format!("a{number}=''")).collect();
        format!("<a {}/>", list.join(" "))
    };
    read(&attributes(Profile::MAX_ATTRIBUTES));
    assert_eq!(
        fault(&attributes(Profile::MAX_ATTRIBUTES + 1)),
        XmlFault::TooManyAttributes
    );
    assert_eq!(fault(&attributes(10_000)), XmlFault::TooManyAttributes);

    let namespaces = |count: usize| -> String {
        let open = |number| {
            format!("<a xmlns:a{number}='u:1' xmlns:b{number}='u:2' xmlns:c{number}='u:3'>")
        };
        let start: String = (0..count).map(open).collect();
        [start, "</a>".repeat(count)].concat()
    };
    read(&namespaces(42));
    assert_eq!(fault(&namespaces(43)), XmlFault::TooManyDeclarations);

    let long = |length: usize| ["<a>", &"x".repeat(length - 7), "</a>"].concat();
    read(&long(256 * 1024));
    assert_eq!(fault(&long(256 * 1024 + 1)), XmlFault::TooLong(256 * 1024));
}

#[test]
fn metadata_may_have_comments_and_a_byte_order_mark() {
    let text = "\u{feff}<?xml version='1.0'?><!-- a - b --><a> <!-- c --> <b/><!----> \n<c>t<!-- d --></c></a><!-- e -->";
    let document = Document::parse(text.as_bytes(), Profile::METADATA).unwrap();
    assert_eq!(
        steps(document.root(), None),
        ["<a", "  ", "<b", "/b", " \n", "<c", "t", "/c", "/a"]
    );
}

#[test]
fn a_comment_never_parts_a_text() {
    for text in [
        "<a>admin<!-- -->.evil</a>",
        "<a>admin<!-- --> <!-- -->.evil</a>",
        "<a>admin <!-- --> .evil</a>",
        "<a>b<!-- -- --></a>",
        "<a><!-- --->b</a>",
    ] {
        assert_eq!(
            fault_in(text, Profile::METADATA),
            XmlFault::MisplacedComment,
            "{text}"
        );
    }
    for (text, expected) in [
        ("<a><!-- <b></a>", XmlFault::End),
        ("<a><!- b --></a>", XmlFault::DocumentType),
        ("<!DOCTYPE a><a/>", XmlFault::DocumentType),
        ("<a><![CDATA[b]]></a>", XmlFault::CharacterData),
        ("<a><?p?></a>", XmlFault::ProcessingInstruction),
        ("<a b='<!-- -->'/>", XmlFault::Expected("a value without <")),
    ] {
        assert_eq!(fault_in(text, Profile::METADATA), expected, "{text}");
    }
}

#[test]
fn thousands_of_comments_in_white_space_cost_what_they_weigh() {
    let text = ["<a>", &" <!---->".repeat(200_000), "x</a>"].concat();
    let document = Document::parse(text.as_bytes(), Profile::METADATA).unwrap();
    assert_eq!(document.root().text().unwrap().len(), 200_001);
}

proptest::proptest! {
    #[test]
    fn no_text_breaks_the_reader(text in "[<>/a:=' \"&;#x!?-]{0,60}") {
        let read = Document::parse(text.as_bytes(), Profile::METADATA);
        if let Ok(document) = read {
            let started = document.root().walk(None).filter(|event| matches!(event, Event::Start(_)));
            let ended = document.root().walk(None).filter(|event| matches!(event, Event::End(_)));
            proptest::prop_assert_eq!(started.count(), ended.count());
        }
    }
}
