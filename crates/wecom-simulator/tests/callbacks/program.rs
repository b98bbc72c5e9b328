//! The program `wecom-sim` with a callback URL: its keys come from options, files or the environment, and appear nowhere.

use std::process::{Output, Stdio};

use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::TcpStream;
use tokio::process::Command;

use crate::harness::*;

fn wecom_sim(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_wecom-sim"));
    command.args(["--listen", "127.0.0.1:0"]).args(arguments);
    command.env_remove("WECOM_CALLBACK_TOKEN").env_remove("WECOM_CALLBACK_AES_KEY");
    command.stdout(Stdio::piped()).stderr(Stdio::piped()).kill_on_drop(true);
    command
}

/// Runs the program until it reports the URL check, and returns what it has printed.
async fn output_until_the_check(mut command: Command) -> String {
    let mut program = command.spawn().unwrap();
    let mut lines = BufReader::new(program.stdout.take().unwrap()).lines();
    let mut output = String::new();
    let read = async {
        while let Some(line) = lines.next_line().await.unwrap() {
            output.push_str(&line);
            output.push('\n');
            if line.starts_with("callback url check") {
                return;
            }
        }
        panic!("the program ended: {output}");
    };
    tokio::time::timeout(LONG, read).await.unwrap();
    program.kill().await.unwrap();
    output
}

async fn failure(command: &mut Command) -> String {
    let Output { status, stderr, .. } = command.output().await.unwrap();
    assert!(!status.success());
    String::from_utf8(stderr).unwrap()
}

#[tokio::test]
async fn the_keys_come_from_options_files_or_the_environment_and_are_not_printed() {
    let receiver = ScriptedReceiver::start(|_, _| Answer::Right).await;
    let callback = ["--callback", &receiver.url];
    let folder = std::env::temp_dir().join(format!("wecom-sim-{}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    let (token_file, key_file) = (folder.join("token"), folder.join("aes-key"));
    std::fs::write(&token_file, format!("{TOKEN}\n")).unwrap();
    std::fs::write(&key_file, format!("{AES_KEY}\r\n")).unwrap();
    let (token_path, key_path) = (token_file.to_str().unwrap(), key_file.to_str().unwrap());

    let options = wecom_sim(&[&callback[..], &["--callback-token", TOKEN, "--callback-aes-key", AES_KEY]].concat());
    let files = wecom_sim(
        &[&callback[..], &["--callback-token-file", token_path, "--callback-aes-key-file", key_path]].concat(),
    );
    let mut environment = wecom_sim(&callback);
    environment.env("WECOM_CALLBACK_TOKEN", TOKEN).env("WECOM_CALLBACK_AES_KEY", AES_KEY);
    for command in [options, files, environment] {
        let output = output_until_the_check(command).await;
        assert!(output.ends_with("callback url check, attempt 1: accepted\n"), "{output}");
        assert!(!output.contains(TOKEN) && !output.contains(AES_KEY) && !output.contains(&receiver.url), "{output}");
    }
    std::fs::remove_dir_all(folder).unwrap();
}

#[tokio::test]
async fn missing_contradicting_and_wrong_keys_are_refused_without_being_printed() {
    let url = ["--callback", "http://127.0.0.1:1/secret-path"];
    for (arguments, expected) in [
        (&url[..], "--callback needs --callback-token-file or WECOM_CALLBACK_TOKEN"),
        (&[url[0], url[1], url[0], url[1]], "--callback can't be used twice"),
        (&["--callback-token", "the-secret-token"], "need --callback URL"),
        (&[url[0], url[1], "--callback-token", "the-secret-token"], "--callback needs --callback-aes-key-file"),
        (
            &[url[0], url[1], "--callback-token", "the-secret-token", "--callback-token-file", "file"],
            "--callback-token and --callback-token-file can't be used together",
        ),
        (
            &[url[0], url[1], "--callback-token", "the-secret-token", "--callback-aes-key", "the-secret-key"],
            "invalid EncodingAESKey",
        ),
        (
            &[url[0], "https://secret-host/", "--callback-token", "the-secret-token", "--callback-aes-key", AES_KEY],
            "unsupported scheme of the callback URL",
        ),
        (&[url[0], url[1], "--callback-token-file", "missing-file"], "missing-file: "),
    ] {
        let error = failure(&mut wecom_sim(arguments)).await;
        assert!(error.contains(expected) && !error.contains("secret") && !error.contains(AES_KEY), "{error}");
    }
}

#[tokio::test]
async fn help_names_the_options_and_shows_no_key_of_the_environment() {
    let mut command = wecom_sim(&["--help"]);
    command.env("WECOM_CALLBACK_TOKEN", "the-secret-token").env("WECOM_CALLBACK_AES_KEY", AES_KEY);
    let help = String::from_utf8(command.output().await.unwrap().stdout).unwrap();
    assert!(help.contains("--callback URL") && help.contains("WECOM_CALLBACK_AES_KEY"), "{help}");
    assert!(!help.contains("the-secret-token") && !help.contains(AES_KEY), "{help}");
}

#[tokio::test]
async fn an_option_with_an_invalid_value_is_named_with_the_expected_form() {
    for (arguments, expected) in [
        (["--listen", "127.0.0.1"], "invalid value '127.0.0.1' of --listen: expected an IP address with a port"),
        (["--corps", "abc"], "invalid value 'abc' of --corps: expected a number"),
        (["--seed", "-1"], "invalid value '-1' of --seed: expected a number"),
    ] {
        let text = failure(&mut wecom_sim(&arguments)).await;
        assert!(text.contains(expected), "{text}");
    }
}

#[tokio::test]
async fn the_error_of_an_address_in_use_names_the_option_to_change_it() {
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let text = failure(&mut wecom_sim(&["--listen", &address])).await;
    assert!(text.contains(&address) && text.contains("choose another address with --listen"), "{text}");
}

#[cfg(unix)]
#[tokio::test]
async fn sigterm_stops_the_program_after_the_replies_under_way() {
    let mut program = wecom_sim(&[]).spawn().unwrap();
    let mut lines = BufReader::new(program.stdout.take().unwrap()).lines();
    let mut address = String::new();
    while let Some(line) = tokio::time::timeout(LONG, lines.next_line()).await.unwrap().unwrap() {
        if let Some(page) = line.strip_prefix("page       http://") {
            address = page.trim_end_matches('/').to_owned();
        }
        if line.starts_with("Press Ctrl-C") {
            break;
        }
    }
    // A request whose body is still missing is under way.
    let mut stream = TcpStream::connect(&address).await.unwrap();
    let head = format!("POST /cgi-bin/gettoken HTTP/1.1\r\nhost: {address}\r\ncontent-length: 2\r\n\r\n");
    stream.write_all(format!("{head}{{}}").as_bytes()).await.unwrap();
    let mut reply = [0; 16];
    stream.read_exact(&mut reply).await.unwrap();
    stream.write_all(head.as_bytes()).await.unwrap();
    let pid = program.id().unwrap().to_string();
    assert!(Command::new("kill").args(["-TERM", &pid]).status().await.unwrap().success());
    stream.write_all(b"{}").await.unwrap();
    let mut rest = String::new();
    stream.read_to_string(&mut rest).await.unwrap();
    assert_eq!(rest.matches("HTTP/1.1 200").count(), 1, "{rest}");
    let mut last = String::new();
    while let Some(line) = tokio::time::timeout(LONG, lines.next_line()).await.unwrap().unwrap() {
        last = line;
    }
    assert_eq!((last.as_str(), program.wait().await.unwrap().success()), ("stopped", true));
}
