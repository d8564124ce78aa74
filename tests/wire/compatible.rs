//! Today's description of the wire against the tutorial's and against each release's.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt::Write as _,
    path::Path,
};

use contact::DESCRIPTORS;
use prost::Message;
use prost_types::{
    DescriptorProto, EnumDescriptorProto, FieldDescriptorProto, FileDescriptorSet, MethodDescriptorProto,
    field_descriptor_proto::{Label, Type},
};

const TESTS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/wire");

#[test]
fn the_wire_is_compatible_with_the_tutorials() {
    let tutorial = protox::compile(["tutorial.proto"], [TESTS]).unwrap();
    assert_eq!(methods(&tutorial), ["/Contact/getTask", "/Contact/sendStatus", "/Contact/tellResult"]);
    assert_eq!(differences(&tutorial, &today()), Vec::<String>::new());
}

#[test]
fn the_wire_is_compatible_with_every_release() {
    for entry in std::fs::read_dir(Path::new(TESTS).join("released")).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_none_or(|extension| extension != "bin") {
            continue;
        }
        let release = FileDescriptorSet::decode(&std::fs::read(&path).unwrap()[..]).unwrap();
        // An empty file is a descriptor set too, and compatible with everything.
        assert!(methods(&release).len() >= 4, "{}: no release had fewer calls", path.display());
        assert_eq!(differences(&release, &today()), Vec::<String>::new(), "{}", path.display());
    }
}

#[test]
fn the_wire_is_compatible_with_itself() {
    assert_eq!(differences(&today(), &today()), Vec::<String>::new());
}

#[test]
fn what_breaks_an_old_client_is_noticed() {
    // What is changed, into what, and what must be said of it.
    let breaking = [
        ("string a = 1;", "string a = 7;", "/S/one: In: field 1 a is gone"),
        ("string a = 1;", "", "/S/one: In: field 1 a is gone"),
        ("string a = 1;", "bytes a = 1;", "/S/one: In: field 1 a is Bytes, was String"),
        ("string a = 1;", "repeated string a = 1;", "/S/one: In: field 1 a is Repeated, was Optional"),
        ("string a = 1;", "optional string a = 1;", "/S/one: In: field 1 a is in oneof _a, was in none"),
        ("string a = 1; string b = 2;", "string b = 1; string a = 2;", "field 1 is b, was a"),
        ("repeated Part p = 3;", "Part p = 3;", "/S/one: In: field 3 p is Optional, was Repeated"),
        ("repeated Part p = 3;", "repeated string p = 3;", "/S/one: In: field 3 p is String, was Message"),
        ("uint64 n = 1;", "sint64 n = 1;", "/S/one: In.p: field 1 n is Sint64, was Uint64"),
        ("map<string, Leaf> m", "map<uint32, Leaf> m", "In.p.m: field 1 key is Uint32, was String"),
        ("uint32 x = 1;", "uint32 x = 2;", "/S/one: In.p.m.value: field 1 x is gone"),
        ("oneof o { bool c = 2; bool d = 3; }", "bool c = 2; bool d = 3;", "is in none, was in oneof o"),
        ("RED = 1;", "RED = 3;", "/S/one: Out.e: value 1 RED is gone"),
        ("RED = 1;", "BLUE = 1;", "/S/one: Out.e: value 1 is BLUE, was RED"),
        ("rpc one (In) returns (Out);", "", "/S/one is gone"),
        ("rpc one", "rpc uno", "/S/one is gone"),
        ("service S", "service T", "/S/one is gone"),
        ("rpc one (In)", "rpc one (stream In)", "/S/one: the client streams, it did not"),
        ("rpc two (stream In)", "rpc two (In)", "/S/two: the client does not stream, it did"),
        ("rpc one (In) returns (Out)", "rpc one (In) returns (stream Out)", "/S/one: the server streams"),
        ("rpc one (In) returns (Out)", "rpc one (In) returns (Nothing)", "/S/one: Out: field 1 e is gone"),
        ("syntax = \"proto3\";", "syntax = \"proto3\"; package p;", "/S/one is gone"),
    ];
    let old = compile(SAMPLE);
    for (from, into, said) in breaking {
        let changed = SAMPLE.replacen(from, into, 1);
        assert_ne!(changed, SAMPLE, "{from:?} is not in the sample");
        let found = differences(&old, &compile(&changed));
        assert!(found.iter().any(|found| found.contains(said)), "{from:?} into {into:?}: {found:#?}");
    }
}

#[test]
fn what_an_old_client_cannot_see_is_allowed() {
    let allowed = [
        // Names of messages are not on the wire.
        ("message Nothing {}", "message Something { repeated string s = 1; Leaf l = 2; }"),
        ("string b = 2;", "string b = 2; bytes more = 4; Part part = 5;"),
        ("RED = 1;", "RED = 1; GREEN = 2;"),
        ("bool d = 3;", "bool d = 3; bool f = 4;"),
        ("rpc one", "rpc zero (Nothing) returns (In); rpc one"),
        ("service S", "service R { rpc one (Leaf) returns (Leaf); } service S"),
    ];
    let old = compile(SAMPLE);
    for (from, into) in allowed {
        let mut changed = SAMPLE.replacen(from, into, 1);
        if from.contains("Nothing") {
            changed = changed.replace("Nothing", "Something");
        }
        assert_ne!(changed, SAMPLE, "{from:?} is not in the sample");
        assert_eq!(differences(&old, &compile(&changed)), Vec::<String>::new(), "{from:?} into {into:?}");
    }
    let renamed = SAMPLE.replace("In", "Eingang").replace("Part", "Teil").replace("Leaf", "Blatt");
    assert_eq!(differences(&old, &compile(&renamed)), Vec::<String>::new());
}

#[test]
fn a_message_that_holds_itself_is_compared_to_its_end() {
    let old =
        "syntax = \"proto3\"; message T { T t = 1; string a = 2; } service S { rpc f (T) returns (T); }";
    let found = differences(&compile(old), &compile(&old.replace("string a", "bytes a")));
    assert!(found.iter().any(|found| found.contains("field 2 a is Bytes")), "{found:#?}");
    assert_eq!(differences(&compile(old), &compile(old)), Vec::<String>::new());
}

const SAMPLE: &str = r#"
syntax = "proto3";
service S {
  rpc one (In) returns (Out);
  rpc two (stream In) returns (stream Out);
  rpc three (Nothing) returns (Nothing);
}
message In { string a = 1; string b = 2; repeated Part p = 3; }
message Part { uint64 n = 1; map<string, Leaf> m = 2; }
message Leaf { uint32 x = 1; }
message Out { E e = 1; oneof o { bool c = 2; bool d = 3; } }
enum E { NONE = 0; RED = 1; }
message Nothing {}
"#;

fn today() -> FileDescriptorSet {
    FileDescriptorSet::decode(DESCRIPTORS).unwrap()
}

fn compile(proto: &str) -> FileDescriptorSet {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("sample.proto"), proto).unwrap();
    protox::compile(["sample.proto"], [folder.path()]).unwrap_or_else(|e| panic!("{e}: {proto}"))
}

/// The paths of all calls, in order.
fn methods(set: &FileDescriptorSet) -> Vec<String> {
    Described::new(set).methods.into_keys().collect()
}

/// What a program generated from `old` would stumble over if the other side is `new`. Message names are not
/// on the wire and may change; a field's number, name, type, repeatedness and oneof may not.
fn differences(old: &FileDescriptorSet, new: &FileDescriptorSet) -> Vec<String> {
    let mut comparison = Comparison {
        old: Described::new(old),
        new: Described::new(new),
        seen: BTreeSet::new(),
        found: Vec::new(),
    };
    comparison.methods();
    comparison.found
}

/// A descriptor set by its full names.
struct Described<'a> {
    methods: BTreeMap<String, &'a MethodDescriptorProto>,
    messages: BTreeMap<String, &'a DescriptorProto>,
    enums: BTreeMap<String, &'a EnumDescriptorProto>,
}

impl<'a> Described<'a> {
    fn new(set: &'a FileDescriptorSet) -> Self {
        let mut all =
            Described { methods: BTreeMap::new(), messages: BTreeMap::new(), enums: BTreeMap::new() };
        for file in &set.file {
            let prefix =
                if file.package().is_empty() { String::new() } else { format!(".{}", file.package()) };
            all.add(&prefix, &file.message_type, &file.enum_type);
            for service in &file.service {
                let path = format!("{prefix}.{}", service.name());
                let path = path.trim_start_matches('.');
                for method in &service.method {
                    all.methods.insert(format!("/{path}/{}", method.name()), method);
                }
            }
        }
        all
    }

    fn add(&mut self, prefix: &str, messages: &'a [DescriptorProto], enums: &'a [EnumDescriptorProto]) {
        for an_enum in enums {
            self.enums.insert(format!("{prefix}.{}", an_enum.name()), an_enum);
        }
        for message in messages {
            let name = format!("{prefix}.{}", message.name());
            self.add(&name, &message.nested_type, &message.enum_type);
            self.messages.insert(name, message);
        }
    }
}

struct Comparison<'a> {
    old: Described<'a>,
    new: Described<'a>,
    /// Pairs of messages that stand at the same place somewhere: compared once, and messages may hold
    /// themselves.
    seen: BTreeSet<(String, String)>,
    found: Vec<String>,
}

impl Comparison<'_> {
    fn methods(&mut self) {
        for (path, old) in self.old.methods.clone() {
            let Some(new) = self.new.methods.get(&path).copied() else {
                self.found.push(format!("{path} is gone"));
                continue;
            };
            for (side, old, new) in [
                ("client", old.client_streaming(), new.client_streaming()),
                ("server", old.server_streaming(), new.server_streaming()),
            ] {
                match (old, new) {
                    (false, true) => self.found.push(format!("{path}: the {side} streams, it did not")),
                    (true, false) => self.found.push(format!("{path}: the {side} does not stream, it did")),
                    _ => {}
                }
            }
            for (old, new) in [(old.input_type(), new.input_type()), (old.output_type(), new.output_type())] {
                self.messages(&format!("{path}: {}", old.trim_start_matches('.')), old, new);
            }
        }
    }

    fn messages(&mut self, place: &str, old: &str, new: &str) {
        if !self.seen.insert((old.to_owned(), new.to_owned())) {
            return;
        }
        let (Some(old), Some(new)) =
            (self.old.messages.get(old).copied(), self.new.messages.get(new).copied())
        else {
            self.found.push(format!("{place}: {old} or {new} is not described"));
            return;
        };
        for old_field in &old.field {
            let same = new.field.iter().find(|field| field.number() == old_field.number());
            match same {
                None => {
                    let (number, name) = (old_field.number(), old_field.name());
                    self.found.push(format!("{place}: field {number} {name} is gone"));
                }
                Some(new_field) => self.fields(place, (old, old_field), (new, new_field)),
            }
        }
    }

    fn fields(
        &mut self,
        place: &str,
        (old_message, old): (&DescriptorProto, &FieldDescriptorProto),
        (new_message, new): (&DescriptorProto, &FieldDescriptorProto),
    ) {
        let field = format!("{place}: field {} {}", old.number(), old.name());
        // Not on the wire, but all that tells a number's meaning; and our JSON has it.
        if old.name() != new.name() {
            let (number, new, old) = (old.number(), new.name(), old.name());
            self.found.push(format!("{place}: field {number} is {new}, was {old}"));
        }
        if is_repeated(old) != is_repeated(new) {
            self.found.push(format!("{field} is {:?}, was {:?}", new.label(), old.label()));
        }
        let (old_oneof, new_oneof) = (oneof(old_message, old), oneof(new_message, new));
        if old_oneof != new_oneof {
            self.found.push(format!("{field} is in {new_oneof}, was in {old_oneof}"));
        }
        // protobuf would let int32 become int64 and more of the kind, as long as the values are small. We
        // have never needed it.
        if old.r#type() != new.r#type() {
            self.found.push(format!("{field} is {:?}, was {:?}", new.r#type(), old.r#type()));
            return;
        }
        let place = format!("{place}.{}", old.name());
        match old.r#type() {
            Type::Message => self.messages(&place, old.type_name(), new.type_name()),
            Type::Enum => self.enums(&place, old.type_name(), new.type_name()),
            _ => {}
        }
    }

    fn enums(&mut self, place: &str, old: &str, new: &str) {
        let (Some(old), Some(new)) = (self.old.enums.get(old), self.new.enums.get(new)) else {
            self.found.push(format!("{place}: {old} or {new} is not described"));
            return;
        };
        for old in &old.value {
            let mut said = format!("{place}: value {}", old.number());
            let _ = match new.value.iter().find(|value| value.number() == old.number()) {
                None => write!(said, " {} is gone", old.name()),
                Some(new) if new.name() != old.name() => {
                    write!(said, " is {}, was {}", new.name(), old.name())
                }
                Some(_) => continue,
            };
            self.found.push(said);
        }
    }
}

fn is_repeated(field: &FieldDescriptorProto) -> bool {
    field.label() == Label::Repeated
}

/// Where a field shares its place with others; an `optional` one has such a place for itself.
fn oneof(message: &DescriptorProto, field: &FieldDescriptorProto) -> String {
    match field.oneof_index {
        None => "none".to_owned(),
        Some(i) => format!("oneof {}", message.oneof_decl[i as usize].name()),
    }
}
