//! The command line.

use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::str::FromStr;

use lexopt::{Arg, Parser, ValueExt};
use wecom_simulator::WireVariant;

use crate::callback_options::CallbackOptions;

pub(crate) const HELP: &str = "\
Runs a simulator of the WeCom (企业微信) upstream/downstream API (上下游).

Usage: wecom-sim [--listen ADDRESS] [--allow-host NAME]... [--world FILE | --corps N [--seed S]] [--callback URL]
                 [--strict] [--wire-variant NAME]...

  --listen ADDRESS   listens on this address instead of 127.0.0.1:8900
  --allow-host NAME  accepts requests for this host name, besides localhost and IP addresses; repeatable
  --world FILE       reads the world from this JSON file (see wecom_simulator::World::from_json) instead of the demo world
  --corps N          generates a world of N corps instead
  --seed S           generates the world from this seed instead of 1
  --callback URL     pushes the events (回调) of the first app to this http:// URL, after a check of the URL
  --strict           refuses requests that differ from the documentation although the service reads them, such as a number
                     as a string, a flag as 0 or 1, or a comma after the last item
  --wire-variant NAME
                     sends replies of this form; repeatable, or 'all' (see wecom_simulator::WireVariant):
                     numbers-as-texts, texts-as-numbers, is-joined-swapped, ending-as-text, user-mobile, empty-as-null,
                     empty-absent, no-errcode, unknown-fields, byte-order-mark, raw-control-characters, group-itself,
                     corpid-optional
  --help             prints this text

The receiver must have the same keys. Each key comes from a file, an option or the environment:

  --callback-token-file FILE    --callback-token TOKEN    WECOM_CALLBACK_TOKEN      the Token
  --callback-aes-key-file FILE  --callback-aes-key KEY    WECOM_CALLBACK_AES_KEY    the EncodingAESKey, 43 characters

Other programs on this machine can read the options of a program, so a file or the environment is safer.
";

pub(crate) struct Options {
    pub(crate) address: SocketAddr,
    pub(crate) allowed_hosts: Vec<String>,
    pub(crate) world: Option<PathBuf>,
    pub(crate) corps: Option<usize>,
    pub(crate) seed: u64,
    pub(crate) is_strict: bool,
    pub(crate) variants: Vec<WireVariant>,
    pub(crate) callback: CallbackOptions,
}

/// Parses the command line. Returns `None` for `--help`.
pub(crate) fn options() -> Result<Option<Options>, lexopt::Error> {
    let address = SocketAddr::from((Ipv4Addr::LOCALHOST, 8900));
    let mut options = Options {
        address,
        allowed_hosts: Vec::new(),
        world: None,
        corps: None,
        seed: 1,
        is_strict: false,
        variants: Vec::new(),
        callback: CallbackOptions::default(),
    };
    let mut arguments = Parser::from_env();
    while let Some(argument) = arguments.next()? {
        match argument {
            Arg::Long("listen") => options.address = parsed(&mut arguments, "--listen", ADDRESS)?,
            Arg::Long("allow-host") => options.allowed_hosts.push(arguments.value()?.string()?),
            Arg::Long("world") => options.world = Some(arguments.value()?.into()),
            Arg::Long("corps") => options.corps = Some(parsed(&mut arguments, "--corps", NUMBER)?),
            Arg::Long("seed") => options.seed = parsed(&mut arguments, "--seed", NUMBER)?,
            Arg::Long("strict") => options.is_strict = true,
            Arg::Long("wire-variant") => match arguments.value()? {
                all if all == "all" => options.variants.extend(WireVariant::ALL),
                name => options.variants.push(name.parse()?),
            },
            Arg::Long("callback") => {
                if options.callback.url.replace(secret(&mut arguments, "--callback")?).is_some() {
                    return Err("--callback can't be used twice: the events are pushed to one URL".into());
                }
            }
            Arg::Long("callback-token") => options.callback.token = Some(secret(&mut arguments, "--callback-token")?),
            Arg::Long("callback-aes-key") => {
                options.callback.aes_key = Some(secret(&mut arguments, "--callback-aes-key")?);
            }
            Arg::Long("callback-token-file") => options.callback.token_file = Some(arguments.value()?.into()),
            Arg::Long("callback-aes-key-file") => options.callback.aes_key_file = Some(arguments.value()?.into()),
            Arg::Long("help") | Arg::Short('h') => return Ok(None),
            other => return Err(other.unexpected()),
        }
    }
    Ok(Some(options))
}

const ADDRESS: &str = "an IP address with a port, such as 127.0.0.1:8901";
const NUMBER: &str = "a number without a sign, such as 1000";

/// The value of an option, which must have a form.
fn parsed<T: FromStr>(arguments: &mut Parser, option: &str, form: &str) -> Result<T, lexopt::Error> {
    let value = arguments.value()?.string()?;
    value.parse().map_err(|_| format!("invalid value '{value}' of {option}: expected {form}").into())
}

/// The value of an option that no error text may quote.
fn secret(arguments: &mut Parser, option: &str) -> Result<String, lexopt::Error> {
    arguments.value()?.into_string().map_err(|_| format!("the value of {option} is not UTF-8").into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_help_lists_every_wire_variant() {
        let names = HELP.split("WireVariant):").nth(1).unwrap().split("--help").next().unwrap();
        let names: Vec<_> = names.split(',').map(str::trim).collect();
        assert_eq!(names, WireVariant::ALL.map(WireVariant::name));
    }
}
