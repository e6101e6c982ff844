//! `authsome scan`: what lies in plain text, told, stored and replaced.

use super::transcript::{Person, Ran};
use crate::support::daemon::TestDaemon;
use crate::support::pty::Terminal;
use serde_json::{Value, json};
use std::fs;
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::{Arc, Mutex};

const KEY: &str = "sk-proj-abcdefghijklmnopqrstuvwxyz0123456789ABCDEFGH";
const OTHER_KEY: &str = "sk-proj-FAKEHGFEDCBA9876543210zyxwvutsrqponmlkjihgfe";
const PASSWORD: &str = "hunter2-hunter2-hunter2";

/// A person with a project folder in a repository of its own.
struct Desk {
    person: Person,
    folder: PathBuf,
    _daemon: Option<TestDaemon>,
}

impl Desk {
    fn new() -> Self {
        let daemon = TestDaemon::start();
        let desk = Self::of(Person::at(&daemon));
        Self {
            _daemon: Some(daemon),
            ..desk
        }
    }

    fn of(person: Person) -> Self {
        let folder = person.home().with_file_name("project");
        fs::create_dir_all(folder.join(".git")).unwrap();
        Self {
            folder,
            person,
            _daemon: None,
        }
    }

    fn write(&self, name: &str, text: impl AsRef<[u8]>) -> PathBuf {
        let path = self.folder.join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, text).unwrap();
        path
    }

    fn read(&self, name: &str) -> String {
        fs::read_to_string(self.folder.join(name)).unwrap()
    }

    fn prepare(&self, args: &[&str]) -> Command {
        let mut command = self.person.prepare(&[&["scan"], args].concat());
        command.current_dir(&self.folder);
        command
    }

    fn scan(&self, args: &[&str]) -> Ran {
        let ran = Ran::from(self.prepare(args).output().unwrap());
        for secret in [KEY, OTHER_KEY, PASSWORD] {
            for part in [&secret[..20], &secret[secret.len() - 12..]] {
                assert!(!ran.stdout.contains(part), "{ran:?}");
                assert!(!ran.stderr.contains(part), "{ran:?}");
            }
        }
        ran
    }

    fn report(&self, args: &[&str]) -> Value {
        let ran = self.scan(&[args, &["--json"]].concat());
        assert_eq!(ran.code, 0, "{ran:?}");
        let report: Value = serde_json::from_str(&ran.stdout).unwrap();
        assert_eq!(report["v"], 1);
        report
    }

    fn stored(&self, connection: &str) -> String {
        let args = [
            "get",
            "openai",
            "-c",
            connection,
            "--show-secret",
            "--field",
            "api_key",
        ];
        self.person.run(&args).stdout.trim().to_owned()
    }
}

/// `(source, status)` of each result.
fn told(report: &Value) -> Vec<(String, String)> {
    let text = |value: &Value| value.as_str().unwrap_or("-").to_owned();
    let results = report["results"].as_array().unwrap();
    results
        .iter()
        .map(|row| (text(&row["source"]), text(&row["status"])))
        .collect()
}

fn row(source: &str, status: &str) -> (String, String) {
    (source.to_owned(), status.to_owned())
}

#[test]
fn a_report_names_places_and_states_and_no_value() {
    let desk = Desk::new();
    desk.person
        .run_with(KEY, &["login", "openai", "--key-stdin"]);
    desk.person
        .run_with("gsk_abcdefgh", &["login", "groq", "--key-stdin"]);
    desk.write(".env", format!("# mine\nOPENAI_API_KEY=\"{KEY}\"\nTAVILY_API_KEY=your-key-here\nGROQ_API_KEY=changeme\nDB_PASSWORD={PASSWORD}\n"));
    desk.write(
        ".env.local",
        format!("export OPENAI_API_KEY={OTHER_KEY}\r\n"),
    );
    desk.write(".env.example", "OPENAI_API_KEY=\nGROQ_API_KEY=changeme\n");
    let pypirc = desk.person.home().with_file_name(".pypirc");
    fs::write(
        &pypirc,
        "[pypi]\nusername = __token__\npassword = pypi-AgEIcHlwaS5vcmcabcdef\n",
    )
    .unwrap();
    let aws = desk.person.home().with_file_name(".aws");
    fs::create_dir(&aws).unwrap();
    fs::write(
        aws.join("credentials"),
        format!("[work]\naws_secret_access_key = {PASSWORD}\n"),
    )
    .unwrap();
    let report = {
        let mut command = desk.prepare(&["--json"]);
        command.env("ANTHROPIC_API_KEY", "sk-ant-api03-abcdefgh");
        let ran = Ran::from(command.output().unwrap());
        assert_eq!(ran.code, 0, "{ran:?}");
        assert!(!ran.stdout.contains("sk-ant-api03-abcdefgh"), "{ran:?}");
        serde_json::from_str::<Value>(&ran.stdout).unwrap()
    };
    let (pypirc, aws) = (pypirc.display(), aws.display());
    assert_eq!(
        told(&report),
        [
            row(".env:2", "env_and_authsome_match"),
            row(".env.local:1", "env_and_authsome_different"),
            row("environment", "env_only"),
            row(&format!("{pypirc}:3"), "env_only"),
            row(&format!("{aws}/credentials:1"), "name_only"),
            row("-", "authsome_only"),
        ]
    );
    assert_eq!(report["configured_count"], 2);
    assert_eq!(report["results"][0]["provider"], "openai");
    assert_eq!(report["results"][0]["connection"], "default");
    assert_eq!(report["results"][5]["provider"], "groq");
    assert_eq!(desk.stored("default"), KEY);
    let text = desk.scan(&[]);
    for part in [
        "same as connection default",
        "differs from connection default",
        ".env.local:1",
        "profile work",
        "nowhere here in plain text: groq",
        "authsome scan --import",
    ] {
        assert!(text.stdout.contains(part), "{part}: {text:?}");
    }
    assert!(!text.stdout.contains("DB_PASSWORD"), "{text:?}");
    assert_eq!(
        desk.read(".env.local"),
        format!("export OPENAI_API_KEY={OTHER_KEY}\r\n")
    );
}

#[test]
fn an_import_stores_what_is_missing_beside_what_is_there() {
    let desk = Desk::new();
    let before =
        format!("OPENAI_API_KEY={KEY}\nOPENAI_API_KEY={OTHER_KEY}\nOPENAI_API_KEY=nonsense\n");
    desk.write(".env", &before);
    let report = desk.report(&["--import"]);
    assert_eq!(report["imported_count"], 2);
    assert_eq!(
        told(&report),
        [
            row(".env:1", "imported"),
            row(".env:2", "imported"),
            row(".env:3", "env_and_authsome_different")
        ]
    );
    assert_eq!(
        (desk.stored("default"), desk.stored("imported")),
        (KEY.to_owned(), OTHER_KEY.to_owned())
    );
    let problem = report["results"][2]["problem"].as_str().unwrap();
    assert!(problem.contains("does not look like a key"), "{problem}");
    assert_eq!(
        report["replacements"],
        json!([{"file": ".env", "lines": [1], "status": "offered"}, unused(2, "imported", "default")])
    );
    assert_eq!(desk.read(".env"), before, "nobody agreed");
    let said = desk.scan(&["--import"]);
    assert!(
        said.stdout.contains("Would replace 1 value in .env"),
        "{said:?}"
    );
    assert_eq!(
        told(&desk.report(&["--import"]))[0],
        row(".env:1", "skipped_unchanged")
    );

    desk.write(".env", format!("OPENAI_API_KEY={KEY}Z\n"));
    desk.report(&["--import", "--force"]);
    assert_eq!(
        desk.stored("default"),
        format!("{KEY}Z"),
        "that was agreed to"
    );
    desk.write(".env", format!("OPENAI_API_KEY={KEY}Y\n"));
    desk.report(&["--import", "--connection", "work"]);
    assert_eq!(desk.stored("work"), format!("{KEY}Y"));
}

/// What is said of a line of `.env` whose key requests do not use.
fn unused(line: usize, connection: &str, default: &str) -> Value {
    json!({
        "file": ".env",
        "lines": [line],
        "status": "not_default",
        "reason": format!("requests to openai use `{default}`, not this key (`{connection}`)"),
        "provider": "openai",
        "connection": connection,
        "default_connection": default,
        "hint": format!(
            "make it the default with `authsome set-default openai {connection}` and scan again, or \
             run programs with `authsome run --connection openai={connection}`"
        ),
    })
}

#[test]
fn a_key_that_requests_do_not_use_stays_until_it_is_the_default() {
    let desk = Desk::new();
    desk.person
        .run_with(KEY, &["login", "openai", "--key-stdin"]);
    let before = format!("OPENAI_API_KEY={OTHER_KEY}\n");
    desk.write(".env", &before);
    for status in ["imported", "skipped_unchanged"] {
        let report = desk.report(&["--import", "--yes"]);
        assert_eq!(told(&report), [row(".env:1", status)]);
        assert_eq!(
            report["replacements"],
            json!([unused(1, "imported", "default")])
        );
        assert_eq!(desk.read(".env"), before);
    }
    let said = desk.scan(&["--import", "--yes"]);
    assert_eq!(said.code, 0, "{said:?}");
    assert!(
        said.stdout.contains(".env is as it was in line 1: "),
        "{said:?}"
    );
    let set = ["set-default", "openai", "imported"];
    assert_eq!(desk.person.run(&set).code, 0);
    let report = desk.report(&["--import", "--yes"]);
    assert_eq!(report["replacements"][0]["status"], "replaced", "{report}");
    assert!(!desk.read(".env").contains(OTHER_KEY));
}

#[test]
fn what_is_replaced_is_a_placeholder_for_scans_and_runs() {
    let desk = Desk::new();
    let path = desk.write(
        ".env",
        format!("\u{feff}# mine\r\nexport OPENAI_API_KEY=\"{KEY}\" # why\r\nPLAIN=1\r\n"),
    );
    fs::set_permissions(&path, fs::Permissions::from_mode(0o640)).unwrap();
    let report = desk.report(&["--import", "--yes"]);
    assert_eq!(report["replacements"][0]["status"], "replaced", "{report}");
    let now = desk.read(".env");
    let fake = now.split('"').nth(1).unwrap();
    assert_eq!(
        now,
        format!("\u{feff}# mine\r\nexport OPENAI_API_KEY=\"{fake}\" # why\r\nPLAIN=1\r\n")
    );
    assert!(fake.starts_with("sk-") && fake != KEY, "{fake}");
    assert_eq!(
        fs::metadata(&path).unwrap().permissions().mode() & 0o777,
        0o640
    );
    let left: Vec<_> = fs::read_dir(&desk.folder).unwrap().collect();
    assert_eq!(left.len(), 2, ".git and .env, no copy");
    assert_eq!(
        told(&desk.report(&["--import", "--yes"])),
        [row(".env:2", "placeholder")]
    );
    assert_eq!(desk.read(".env"), now);
}

#[test]
fn at_a_terminal_each_file_is_asked_about() {
    let desk = Desk::new();
    desk.write(".env", format!("OPENAI_API_KEY={KEY}\n"));
    desk.write(".env.local", format!("OPENAI_API_KEY={KEY}\n"));
    let mut command = desk.prepare(&["--import"]);
    command.env("TERM", "dumb");
    let mut terminal = Terminal::run(command);
    terminal.shows("No copy of the old text is kept");
    terminal.shows("in .env by placeholders?");
    terminal.types("n");
    terminal.shows("in .env.local by placeholders?");
    terminal.types("y");
    terminal.shows("Replaced 1 value in .env.local");
    assert!(terminal.ends().success());
    assert!(desk.read(".env").contains(KEY));
    assert!(!desk.read(".env.local").contains(KEY));
}

#[test]
fn a_link_out_of_the_folder_is_not_written_through() {
    let desk = Desk::new();
    let outside = desk.person.home().with_file_name("shared.env");
    fs::write(&outside, format!("OPENAI_API_KEY={KEY}\n")).unwrap();
    symlink(&outside, desk.folder.join(".env")).unwrap();
    let ran = desk.scan(&["--import", "--yes"]);
    assert_eq!(ran.code, 1, "{ran:?}");
    assert!(ran.stdout.contains("out of its folder"), "{ran:?}");
    assert_eq!(
        fs::read_to_string(&outside).unwrap(),
        format!("OPENAI_API_KEY={KEY}\n")
    );
    assert_eq!(desk.stored("default"), KEY, "it is stored all the same");
}

#[test]
fn hostile_files_are_named_and_passed_over() {
    let desk = Desk::new();
    fs::create_dir(desk.folder.join(".env")).unwrap();
    nix::unistd::mkfifo(
        &desk.folder.join(".env.pipe"),
        nix::sys::stat::Mode::S_IRWXU,
    )
    .unwrap();
    symlink(".env.loop", desk.folder.join(".env.loop")).unwrap();
    desk.write(".env.huge", vec![b'#'; 2 * 1024 * 1024]);
    desk.write(".env.binary", b"OPENAI_API_KEY=\0");
    desk.write(".env.latin", b"OPENAI_API_KEY=\xe9");
    desk.write(".env.zz", format!("OPENAI_API_KEY={KEY}"));
    let report = desk.report(&[]);
    let skipped: Vec<_> = report["skipped"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| one["path"].as_str().unwrap())
        .collect();
    assert_eq!(
        skipped,
        [
            ".env",
            ".env.binary",
            ".env.huge",
            ".env.latin",
            ".env.loop",
            ".env.pipe"
        ]
    );
    assert_eq!(told(&report), [row(".env.zz:1", "env_only")]);
    let ran = desk.scan(&[]);
    assert!(
        ran.stderr.contains(".env.pipe is not a plain file"),
        "{ran:?}"
    );
    let ran = desk.scan(&["no-such-folder"]);
    assert_eq!(ran.code, 2, "{ran:?}");
    assert_eq!(
        told(&desk.report(&[".env.zz"])),
        [row(".env.zz:1", "env_only")]
    );
}

#[test]
fn variables_of_a_registered_provider_are_known_and_stored() {
    let desk = Desk::new();
    let definition = desk.write(
        "acme.json",
        r#"{"name": "acme", "display_name": "Acme", "auth_type": "api_key",
        "flow": "api_key", "api_url": "api.acme.example", "export": {"ACME_SECRET": "API_TOKEN"}}"#,
    );
    let registered = desk
        .person
        .run(&["register", definition.to_str().unwrap(), "--yes"]);
    assert_eq!(registered.code, 0, "{registered:?}");
    desk.write(
        ".env",
        format!("ACME_SECRET={PASSWORD}\nDB_PASSWORD={PASSWORD}\n"),
    );
    assert_eq!(told(&desk.report(&[])), [row(".env:1", "env_only")]);
    let report = desk.report(&["--import", "--yes"]);
    assert_eq!(told(&report), [row(".env:1", "imported")]);
    let now = desk.read(".env");
    assert!(now.starts_with("ACME_SECRET=acme-"), "{now}");
    assert!(
        now.ends_with(&format!("\nDB_PASSWORD={PASSWORD}\n")),
        "{now}"
    );
}

#[test]
fn within_a_run_the_environment_is_left_alone() {
    let desk = Desk::new();
    desk.person
        .run_with(KEY, &["login", "openai", "--key-stdin"]);
    let scan = [env!("CARGO_BIN_EXE_authsome"), "scan", "--json"];
    let mut command = desk.person.prepare(&[&["run", "--"][..], &scan].concat());
    command.current_dir(&desk.folder);
    let ran = Ran::from(command.output().unwrap());
    let report: Value = serde_json::from_str(&ran.stdout).unwrap();
    assert_eq!(told(&report), [row("-", "authsome_only")], "{ran:?}");
}

#[test]
fn within_a_run_no_secret_is_given_out() {
    let desk = Desk::new();
    desk.person
        .run_with(KEY, &["login", "openai", "--key-stdin"]);
    let inside = |args: &[&str]| {
        let program = [&["run", "--", env!("CARGO_BIN_EXE_authsome")][..], args].concat();
        desk.person.run(&program)
    };
    for args in [&["get", "openai", "--show-secret"][..], &["export"]] {
        let ran = inside(args);
        assert_ne!(ran.code, 0, "{ran:?}");
        assert!(!ran.stdout.contains(KEY), "{ran:?}");
        assert!(ran.stderr.contains("outside of `authsome run`"), "{ran:?}");
    }
    assert_eq!(inside(&["get", "openai"]).code, 0);
    assert_eq!(desk.stored("default"), KEY);
}

/// The requests that pass through to a daemon.
fn watched() -> (Person, TestDaemon, Arc<Mutex<Vec<u8>>>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let daemon = TestDaemon::builder()
        .env("AUTHSOME_ALLOWED_ORIGINS", &url)
        .start();
    let (to, seen) = (daemon.address(), Arc::new(Mutex::new(Vec::new())));
    let person = Person::at(&daemon).env("AUTHSOME_DAEMON_URL", &url);
    let passed = Arc::clone(&seen);
    std::thread::spawn(move || {
        for client in listener.incoming().flatten() {
            let server = TcpStream::connect(to).unwrap();
            let (back, out) = (server.try_clone().unwrap(), client.try_clone().unwrap());
            pass(client, server, Some(Arc::clone(&passed)));
            pass(back, out, None);
        }
    });
    (person, daemon, seen)
}

fn pass(mut from: TcpStream, mut to: TcpStream, seen: Option<Arc<Mutex<Vec<u8>>>>) {
    std::thread::spawn(move || {
        let mut bytes = [0; 8192];
        while let Ok(count @ 1..) = from.read(&mut bytes) {
            if let Some(seen) = &seen {
                seen.lock().unwrap().extend(&bytes[..count]);
            }
            if to.write_all(&bytes[..count]).is_err() {
                break;
            }
        }
        let _ = to.shutdown(std::net::Shutdown::Write);
    });
}

#[test]
fn a_scan_is_one_call_and_no_secret_goes_that_is_not_to_be_stored() {
    let (person, _daemon, seen) = watched();
    let desk = Desk::of(person);
    assert_eq!(desk.person.run(&["whoami"]).code, 0);
    let many: String = (0..50).fold(String::new(), |text, at| {
        format!("{text}OPENAI_API_KEY={KEY}{at}\n")
    });
    desk.write(
        ".env",
        format!("{many}GROQ_API_KEY=gsk_abc\nDB_PASSWORD={PASSWORD}\n"),
    );
    let calls = |args: &[&str]| {
        seen.lock().unwrap().clear();
        desk.report(args);
        let sent = String::from_utf8_lossy(&seen.lock().unwrap()).into_owned();
        let calls = sent.matches(" HTTP/1.1\r\n").count() - sent.matches("GET /health ").count();
        (calls, sent)
    };
    let (count, sent) = calls(&[]);
    assert_eq!(count, 1, "{sent}");
    assert!(sent.contains("POST /credentials/compare"), "{sent}");
    assert!(!sent.contains(KEY) && !sent.contains(PASSWORD), "{sent}");
    let (count, sent) = calls(&["--import"]);
    assert_eq!(count, 1, "{sent}");
    assert!(sent.contains(KEY) && !sent.contains(PASSWORD), "{sent}");
}

#[test]
fn a_replaced_env_file_still_works_under_a_run() {
    let laptop = crate::proxy::runner::Laptop::new();
    let folder = tempfile::tempdir().unwrap();
    let env = folder.path().join(".env");
    fs::write(&env, format!("ACME_KEY={}\n", crate::proxy::runner::KEY)).unwrap();
    let scan = ["scan", env.to_str().unwrap(), "--import", "--yes"];
    laptop.daemon.cli(&scan).assert().success();
    let now = fs::read_to_string(&env).unwrap();
    assert!(
        now.starts_with("ACME_KEY=sk-acme-") && !now.contains(crate::proxy::runner::KEY),
        "{now}"
    );
    let call = |host: &str| {
        format!(
            ". {} && curl -sS -o /dev/null -w '%{{http_code}}' -H \"Authorization: Bearer $ACME_KEY\" {host}/x",
            env.display()
        )
    };
    let own = laptop.script(&call(&laptop.upstream.api_url()));
    assert_eq!(own, "200");
    let foreign = laptop.script(&call("http://elsewhere.example"));
    assert_eq!(foreign, "403", "it is bound to its provider's hosts");
}

#[test]
fn a_real_pipe_as_home_is_survived() {
    let desk = Desk::new();
    let npmrc = desk.person.home().with_file_name(".npmrc");
    nix::unistd::mkfifo(&npmrc, nix::sys::stat::Mode::S_IRWXU).unwrap();
    let child = desk
        .prepare(&[])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let ran = Ran::from(child.wait_with_output().unwrap());
    assert!(ran.stderr.contains(".npmrc is not a plain file"), "{ran:?}");
    assert!(Path::new(&npmrc).exists());
}
