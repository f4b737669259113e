//! One text of each format, with its odd cases.

use studyhall::quiz::import::{Format, write};

use super::{bank, check, form};

#[test]
fn aiken() {
    let text = "\
What keeps a message
four days?
A. A queue
B) A *topic* with 1. <b>marks</b> &amp; [x]
C. A stream
ANSWER: A
FEEDBACK: Queues keep them four days.

1. Which are regional?

a. One
b. Two
c. Three
answer: A, C

This has no choices.

No answer follows
A. One
B. Two

Letters are out of order
A. One
C. Three
ANSWER: A

Names nothing
A. One
B. Two
ANSWER: D

Twice the same
A. One
B. one.
ANSWER: A
ANSWER: B
";
    check(
        Format::Aiken,
        text,
        &[
            "What keeps a message four days?\n*A A queue\nB A \\*topic\\* with 1. \\<b>marks\\</b> \
             \\&amp; \\[x]\nC A stream\n> Queues keep them four days.",
            "1\\. Which are regional? (Choose two.)\n*A One\nB Two\n*C Three\n> The answers are One; Three.",
        ],
        &[
            "16: this text has no choices",
            "18: no answer follows",
            "22: line 24 has the choice C where B is due",
            "27: the answer is D, and there are 2 choices",
            "32: two choices have the same words",
            "36: an answer without a question",
        ],
    );
}

#[test]
fn gift() {
    let text = "\
// A comment, then a category.
$CATEGORY: $course$/top/Queues/Message Retention

::Q1:: [html]<p>How long is a message <b>kept</b>, if a &lt; b?</p><pre>a = \\{1\\}
  ## b</pre> {
  =Four days#Right\\: \\#4
  ~One <code>day</code>#Too short
  // inside
  ~Fourteen days
  ####From the <i>manual</i>
}

Which two? {
~%50%A \\= 1
~%50%B \\~ 2
~%-100%C
}

The sky is blue.{TRUE#Look up#Yes####It scatters.}

Grass is red. {F}

[markdown]What is `x`? {=**bold** ~plain ~ }

[markdown]Mind
## this
- [ ] too? {=a ~b}

Two plus two? {#4}

Match {=a -> b =c -> d}

Short {=four =4}

Write an essay {}

A description.

Missing {=word ~other} here.

Unclosed { =a ~b

Half {~%50%a ~b}

Both {=a =b ~c}

{=a ~b}
";
    check(
        Format::Gift,
        text,
        &[
            "How long is a message **kept**, if a < b?\n\n```\na = {1}\n  ## b\n```\n*A Four days | \
             Right: #4\nB One `day` | Too short\nC Fourteen days\n> From the *manual*",
            "Which two?\n*A A = 1\n*B B \\~ 2\nC C\n> The answers are A = 1; B \\~ 2.",
            "The sky is blue.\n*A True | Yes\nB False | Look up\n> It scatters.",
            "Grass is red.\nA True\n*B False\n> The answer is False.",
            "Mind\n\\## this\n\\- [ ] too?\n*A a\nB b\n> The answer is a.",
        ],
        &[
            "23: a choice has no words",
            "29: a numerical question",
            "31: a matching question",
            "33: a short-answer question",
            "35: an essay question",
            "37: no answers in braces",
            "39: a missing-word question",
            "41: the brace is not closed",
            "43: the weights of the right choices come to 50 %",
            "45: the weights of the right choices come to 200 %",
            "47: the question has no words",
        ],
    );
    let written = write(Format::Gift.read(text), &form());
    assert_eq!(bank(&written)[0].topic, "message-retention");
}

#[test]
fn opentdb() {
    let plain = r#"{"response_code":0,"results":[
{"type":"multiple","difficulty":"hard","category":"Science: Computers",
 "question":"What does &quot;&lt;br&gt;&quot; in caf&eacute; &#039;X&#039; do?",
 "correct_answer":"Breaks","incorrect_answers":["Aligns","Colours &amp; fills","Zooms"]},
{"type":"boolean","difficulty":"easy","category":"Maths","question":"2 &gt; 1",
 "correct_answer":"True","incorrect_answers":["False"]},
{"type":"multiple","difficulty":"easy","category":"Maths","question":"How many?",
 "correct_answer":"9","incorrect_answers":["1,000","10"]},
{"type":"multiple","question":"Lacks the answer","incorrect_answers":[]},
{"type":"essay","question":"Why?","correct_answer":"x","incorrect_answers":["y"]}
]}"#;
    check(
        Format::Opentdb,
        plain,
        &[
            "What does \"\\<br>\" in café 'X' do?\nA Aligns\n*B Breaks\nC Colours & fills\nD Zooms\n> The answer is Breaks.",
            "2 > 1\n*A True\nB False\n> The answer is True.",
            "How many?\n*A 9\nB 10\nC 1,000\n> The answer is 9.",
        ],
        &[
            "9: question 4: missing field `correct_answer`",
            "10: question 5: \"essay\" is neither",
        ],
    );
    let percent = r#"[{"type":"multiple","difficulty":"easy","category":"A%3A%20B","question":"Caf%C3%A9%20%26amp%3B?",
        "correct_answer":"x%2By","incorrect_answers":["z"]}]"#;
    let expected = "Café \\&amp;?\n*A x+y\nB z\n> The answer is x+y.";
    check(Format::Opentdb, percent, &[expected], &[]);
    let base64 = r#"{"response_code":0,"results":[{"type":"bXVsdGlwbGU=","difficulty":"ZWFzeQ==",
        "category":"QQ==","question":"Q2Fmw6kgJmFtcDs/","correct_answer":"eCt5","incorrect_answers":["eg=="]}]}"#;
    check(Format::Opentdb, base64, &[expected], &[]);
    let entities = r#"[{"type":"multiple","question":"100%&gt;?","correct_answer":"x","incorrect_answers":["y"]}]"#;
    check(
        Format::Opentdb,
        entities,
        &["100%>?\n*A x\nB y\n> The answer is x."],
        &[],
    );
    let refused = r#"{"response_code":5,"results":[]}"#;
    check(
        Format::Opentdb,
        refused,
        &[],
        &["1: opentdb.com answered with code 5"],
    );
    check(Format::Opentdb, "{\n nonsense", &[], &["2: not the JSON"]);
    let written = write(Format::Opentdb.read(plain), &form());
    let read = bank(&written);
    assert_eq!(read[0].topic, "science-computers");
    assert_eq!(read[0].difficulty, studyhall::quiz::Difficulty::Hard);
    assert_eq!(read[1].topic, "maths");
}

#[test]
fn anki() {
    let cards = "\
#separator:tab
#html:true
#tags column:3
\"How long is \"\"it\"\" kept?<br>A) One day<br>B) Four <b>days</b>\"\tB) Four days<br>By default.\tsqs::basics old
\"<p>Which two?</p>
<ul><li>A. One</li><li>B. Two</li><li>C. Three</li></ul>\"\tA, C\t
What is SQS?\tA queue\t
\"Which?<br>A) One<br>B) Two\"\tperhaps\t
\"Never closed\tB
";
    check(
        Format::Anki,
        cards,
        &[
            "How long is \"it\" kept?\nA One day\n*B Four **days**\n> By default.",
            "Which two?\n*A One\nB Two\n*C Three\n> The answers are One; Three.",
        ],
        &[
            "7: a card without choices",
            "8: the answer is none of the choices",
            "9: a field's quote is never closed",
        ],
    );
    let columns = "\
#separator:Semicolon
#html:false
#columns:Question;Option 1;Option 2;Option 3;Answer;Explanation
Is <b> a tag?;Yes;No;Maybe;Yes;HTML has it.
Which?;One;Two;;B;
";
    check(
        Format::Anki,
        columns,
        &[
            "Is \\<b> a tag?\n*A Yes\nB No\nC Maybe\n> HTML has it.",
            "Which?\nA One\n*B Two\n> The answer is Two.",
        ],
        &[],
    );
}

#[test]
fn details() {
    let text = "\
---
title: Practice
---
# Practice exam

Some words on it.

## 1. Which class is **cheapest**?

- A. Standard
- B. Glacier
  Deep Archive
- C. `IA`

<details><summary>Answer</summary>

**Correct answer: B**

Explanation: it costs the least. See [AWS](https://aws.amazon.com).
</details>

---

2. Which two are regional?
    - A. S3
    - B. IAM
    - C. SQS
    <details markdown=1><summary markdown='span'>Answer</summary>
      Correct answer: A, C
    </details>

**Question 3**

What does this print?

```python
## not a heading
- [ ] no choice
```

- [ ] 1
- [ ] 2

<details>
<summary><b>Show the answer</b></summary>
The correct answer is: 2
</details>

### Ticked boxes

- [x] Yes
- [ ] No

**Bare letters?**

A) One
B) Two

<DETAILS><SUMMARY>Answer: A</SUMMARY></DETAILS>

### No answer

- A. One
- B. Two

### No choices

<details><summary>Answer</summary>Because.</details>

### Names nothing

- A. One
- B. Two

<details><summary>Answer</summary>Who knows.

### Never closed above

- A. One
- B. Two

<details><summary>Answer</summary>B
";
    check(
        Format::Details,
        text,
        &[
            "Which class is **cheapest**?\nA Standard\n*B Glacier Deep Archive\nC `IA`\n> it costs the \
             least. See [AWS](https://aws.amazon.com).",
            "Which two are regional?\n*A S3\nB IAM\n*C SQS\n> The answers are S3; SQS.",
            "What does this print?\n\n```python\n## not a heading\n- [ ] no choice\n```\nA 1\n*B 2\n> \
             The answer is 2.",
            "Ticked boxes\n*A Yes\nB No\n> The answer is Yes.",
            "Bare letters?\n*A One\nB Two\n> The answer is One.",
            "Never closed above\nA One\n*B Two\n> The answer is Two.",
        ],
        &[
            "61: no answer follows",
            "66: no choices stand above",
            "70: the answer names no choice",
        ],
    );
}

#[test]
fn formats_are_told_by_their_names_and_texts() {
    let of = |extension: &str, text: &str| Format::of(extension, text);
    assert_eq!(of("gift", ""), Some(Format::Gift));
    assert_eq!(of("JSON", ""), Some(Format::Opentdb));
    assert_eq!(of("txt", "Q\nA. a\nB. b\nANSWER: B"), Some(Format::Aiken));
    assert_eq!(of("txt", "Q {=a ~b}"), Some(Format::Gift));
    assert_eq!(of("", "\u{feff}#separator:tab\na\tb"), Some(Format::Anki));
    assert_eq!(
        of("", "[{\"correct_answer\":\"x\"}]"),
        Some(Format::Opentdb)
    );
    assert_eq!(of("txt", "Q\n<Details>B</Details>"), Some(Format::Details));
    assert_eq!(of("txt", "Some words."), None);
    assert_eq!(of("txt", "Q {=a ~b}\nANSWER: B"), None);
}
