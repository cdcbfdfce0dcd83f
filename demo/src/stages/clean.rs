//! Clean: turns what people typed, and what web pages made of it, into plain words.

use html_escape::decode_html_entities;

/// The stand-ins for addresses that identify somebody or something and carry no sentiment. Both are lower case: a word
/// in capitals would count as shouting.
const ANY_LINK: &str = "http";
const ANY_USER: &str = "@user";

/// Decodes HTML entities (`&lt;3` is a heart), makes every run of white space and control characters one space, drops
/// invisible characters, straightens typographic quotation marks (the lexicon knows `don't`, not `don’t`), and puts
/// stand-ins for links and mentions. Everything else stays as it is: capitals, punctuation, emoticons and emoji all
/// count in the sentiment.
pub fn clean(text: &str) -> String {
    let text = decode_html_entities(text);
    let mut cleaned = String::with_capacity(text.len());
    let mut word = String::new();
    for raw in text.split(|character: char| character.is_whitespace() || character.is_control()) {
        word.clear();
        word.extend(raw.chars().filter(|&character| !is_invisible(character)).map(straighten));
        if word.is_empty() {
            continue;
        }
        if !cleaned.is_empty() {
            cleaned.push(' ');
        }
        push_word(&mut cleaned, &word);
    }
    cleaned
}

/// Soft hyphens, zero-width spaces and byte-order marks. The zero-width joiner stays: it holds emoji together.
fn is_invisible(character: char) -> bool {
    matches!(character, '\u{ad}' | '\u{200b}' | '\u{2060}' | '\u{feff}')
}

fn straighten(character: char) -> char {
    match character {
        '‘' | '’' => '\'',
        '“' | '”' => '"',
        other => other,
    }
}

fn push_word(cleaned: &mut String, word: &str) {
    let start = word.find(|character| !matches!(character, '(' | '[' | '"' | '\'' | '.')).unwrap_or(0);
    let (before, rest) = word.split_at(start);
    if is_link(rest) {
        let link = rest.trim_end_matches(['.', ',', ';', ':', '!', '?', ')', ']', '"', '\'']);
        push_all(cleaned, [before, ANY_LINK, &rest[link.len()..]]);
    } else if let Some(after) = after_mention(rest) {
        push_all(cleaned, [before, ANY_USER, after]);
    } else {
        cleaned.push_str(word);
    }
}

fn push_all(cleaned: &mut String, parts: [&str; 3]) {
    parts.into_iter().for_each(|part| cleaned.push_str(part));
}

fn is_link(word: &str) -> bool {
    let starts_with = |start: &str| {
        let beginning = word.get(..start.len());
        word.len() > start.len() && beginning.is_some_and(|beginning| beginning.eq_ignore_ascii_case(start))
    };
    starts_with("http://") || starts_with("https://") || starts_with("www.")
}

/// What follows `@name`, if the word begins with that.
fn after_mention(word: &str) -> Option<&str> {
    let after = word.strip_prefix('@')?;
    let end = after.find(|character: char| !(character.is_ascii_alphanumeric() || character == '_'));
    let (name, after) = after.split_at(end.unwrap_or(after.len()));
    (!name.is_empty()).then_some(after)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn html_entities_are_decoded_once() {
        assert_eq!(clean("love &amp; peace &lt;3 &#39;yes&#x27; caf&eacute;"), "love & peace <3 'yes' café");
        assert_eq!(clean("&amp;lt; fish & chips &nosuch; AT&T"), "&lt; fish & chips &nosuch; AT&T");
    }

    #[test]
    fn white_space_and_control_characters_become_one_space() {
        assert_eq!(clean("  a\t\tb\u{a0}c&nbsp;d\r\ne\u{7}f \u{2003} "), "a b c d e f");
        assert_eq!(clean(" \u{200b} \u{feff} "), "");
        assert_eq!(clean("&#8203;a &#8203; b"), "a b");
    }

    #[test]
    fn quotation_marks_are_straightened_and_invisible_characters_dropped() {
        assert_eq!(clean("I don’t “get” it, co\u{ad}op\u{200b}"), "I don't \"get\" it, coop");
    }

    #[test]
    fn links_become_stand_ins_and_keep_the_punctuation_around_them() {
        assert_eq!(clean("see http://a.example/x?y=1&z=2!!"), "see http!!");
        assert_eq!(clean("(www.example.com), HTTPS://B.EXAMPLE."), "(http), http.");
        assert_eq!(clean("http:// www. wwwhat"), "http:// www. wwwhat");
    }

    #[test]
    fn mentions_become_stand_ins_and_addresses_of_letters_do_not() {
        assert_eq!(clean("@jane_9: hi .@joe's \"@x\""), "@user: hi .@user's \"@user\"");
        assert_eq!(clean("me@b.example @ noon @>-->--"), "me@b.example @ noon @>-->--");
    }

    #[test]
    fn what_carries_sentiment_stays() {
        let text = "LOVE it!!! :-) 💘 #happy :( ... 'tis (good) 👨‍👩‍👧 naïve";
        assert_eq!(clean(text), text);
    }

    #[test]
    fn cleaning_what_is_clean_changes_nothing() {
        for text in ["a  b &gt; @c", "see www.example.com.", "“x”\u{feff}"] {
            let once = clean(text);
            assert_eq!(clean(&once), once);
        }
    }
}
