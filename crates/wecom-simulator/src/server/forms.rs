//! The forms of the page: the changes that the administrator can make, one form for each.

use std::borrow::Cow;
use std::fmt;

use hyper::header::{HOST, HeaderMap, ORIGIN};
use wecom_upstream::calls::SharedCorp;
use wecom_upstream::ids::PendingCorpId;
use wecom_upstream::values::CorpRef;
use wecom_upstream::{AgentId, ChainId, CorpId, GroupId};

use crate::admin::{Admin, AdminError};
use crate::server::html::Text;
use crate::world::WorldCorp;

/// A form with text fields. It is sent as `POST /admin/ACTION`.
pub(super) struct Form {
    pub(super) action: &'static str,
    pub(super) title: Text,
    pub(super) fields: &'static [&'static str],
    submit: fn(&Admin<'_>, &Fields<'_>) -> Result<(), FormError>,
}

/// All forms.
pub(super) const FORMS: &[Form] = &[
    Form {
        action: "invite_corp",
        title: Text { en: "Invite a corp", zh: "邀请企业" },
        fields: &["chain_id", "groupid", "pending_corpid", "corp_name"],
        submit: |admin, fields| {
            let pending = PendingCorpId::new(fields.text("pending_corpid")?);
            let corp = WorldCorp::pending(fields.group("groupid")?, pending, fields.text("corp_name")?);
            Ok(admin.add_corp(&fields.chain()?, corp)?)
        },
    },
    Form {
        action: "join_corp",
        title: Text { en: "A pending corp joins", zh: "企业加入" },
        fields: &["chain_id", "pending_corpid", "corpid"],
        submit: |admin, fields| {
            let pending = PendingCorpId::new(fields.text("pending_corpid")?);
            Ok(admin.join_corp(&fields.chain()?, &pending, fields.corp()?)?)
        },
    },
    Form {
        action: "move_corp",
        title: Text { en: "Move a corp", zh: "移动企业" },
        fields: &["chain_id", "corpid", "groupid"],
        submit: |admin, fields| {
            let (chain, group) = (fields.chain()?, fields.group("groupid")?);
            either_id(fields.text("corpid")?, |corp| admin.move_corp(&chain, corp, group))
        },
    },
    Form {
        action: "remove_corp",
        title: Text { en: "Remove a corp", zh: "移除企业" },
        fields: &["chain_id", "corpid"],
        submit: |admin, fields| {
            let chain = fields.chain()?;
            either_id(fields.text("corpid")?, |corp| admin.remove_corp(&chain, corp))
        },
    },
    Form {
        action: "create_group",
        title: Text { en: "Add a group", zh: "新建分组" },
        fields: &["chain_id", "parentid", "group_name"],
        submit: |admin, fields| {
            let parent = fields.group("parentid")?;
            Ok(admin.create_group(&fields.chain()?, parent, fields.text("group_name")?).map(drop)?)
        },
    },
    Form {
        action: "rename_group",
        title: Text { en: "Rename a group", zh: "修改分组名" },
        fields: &["chain_id", "groupid", "group_name"],
        submit: |admin, fields| {
            Ok(admin.rename_group(&fields.chain()?, fields.group("groupid")?, fields.text("group_name")?)?)
        },
    },
    Form {
        action: "move_group",
        title: Text { en: "Move a group", zh: "移动分组" },
        fields: &["chain_id", "groupid", "parentid"],
        submit: |admin, fields| {
            Ok(admin.move_group(&fields.chain()?, fields.group("groupid")?, fields.group("parentid")?)?)
        },
    },
    Form {
        action: "delete_group",
        title: Text { en: "Delete an empty group", zh: "删除分组" },
        fields: &["chain_id", "groupid"],
        submit: |admin, fields| Ok(admin.delete_group(&fields.chain()?, fields.group("groupid")?)?),
    },
    Form {
        action: "create_chain",
        title: Text { en: "Add a chain", zh: "新建上下游" },
        fields: &["chain_id", "chain_name"],
        submit: |admin, fields| Ok(admin.create_chain(fields.chain()?, fields.text("chain_name")?)?),
    },
    Form {
        action: "rename_chain",
        title: Text { en: "Rename a chain", zh: "修改上下游名" },
        fields: &["chain_id", "chain_name"],
        submit: |admin, fields| Ok(admin.rename_chain(&fields.chain()?, fields.text("chain_name")?)?),
    },
    Form {
        action: "delete_chain",
        title: Text { en: "Delete a chain", zh: "删除上下游" },
        fields: &["chain_id"],
        submit: |admin, fields| Ok(admin.delete_chain(&fields.chain()?)?),
    },
    Form {
        action: "share_app",
        title: Text { en: "Share an app", zh: "共享应用" },
        fields: &["agentid", "corpid", "corp_name", "agentid_in_corp"],
        submit: |admin, fields| {
            let corp = SharedCorp::new(fields.corp()?, fields.text("corp_name")?, fields.agent("agentid_in_corp")?);
            Ok(admin.share_app(fields.agent("agentid")?, corp)?)
        },
    },
    Form {
        action: "unshare_app",
        title: Text { en: "Withdraw a shared app", zh: "取消共享应用" },
        fields: &["agentid", "corpid"],
        submit: |admin, fields| Ok(admin.unshare_app(fields.agent("agentid")?, &fields.corp()?)?),
    },
    Form {
        action: "revoke_tokens",
        title: Text { en: "Revoke all access tokens", zh: "吊销全部调用凭证" },
        fields: &[],
        submit: |admin, _| {
            admin.revoke_tokens();
            Ok(())
        },
    },
];

/// The error of a form that is not accepted.
pub(super) enum FormError {
    UnknownForm,
    /// The form is on a web page of another origin.
    ForeignOrigin,
    Missing(&'static str),
    NotANumber(&'static str),
    Change(AdminError),
}

/// Makes the change of a form.
pub(super) fn submit(admin: &Admin<'_>, action: &str, headers: &HeaderMap, body: &[u8]) -> Result<(), FormError> {
    if !is_same_origin(headers) {
        return Err(FormError::ForeignOrigin);
    }
    let form = FORMS.iter().find(|form| form.action == action).ok_or(FormError::UnknownForm)?;
    (form.submit)(admin, &Fields(form_urlencoded::parse(body).collect()))
}

/// Returns whether a form comes from this server's own page. Browsers send the origin of the page; other programs need not.
fn is_same_origin(headers: &HeaderMap) -> bool {
    let Some(origin) = headers.get(ORIGIN) else { return true };
    let origin = origin.to_str().ok().and_then(|origin| origin.strip_prefix("http://"));
    let host = headers.get(HOST).and_then(|host| host.to_str().ok());
    origin.is_some() && origin == host
}

/// The fields of a form that was sent.
struct Fields<'a>(Vec<(Cow<'a, str>, Cow<'a, str>)>);

impl Fields<'_> {
    fn text(&self, name: &'static str) -> Result<&str, FormError> {
        let value = self.0.iter().find(|(field, _)| field == name).map(|(_, value)| value.trim());
        value.filter(|value| !value.is_empty()).ok_or(FormError::Missing(name))
    }

    fn number(&self, name: &'static str) -> Result<i64, FormError> {
        self.text(name)?.parse().map_err(|_| FormError::NotANumber(name))
    }

    fn chain(&self) -> Result<ChainId, FormError> {
        self.text("chain_id").map(ChainId::new)
    }

    fn corp(&self) -> Result<CorpId, FormError> {
        self.text("corpid").map(CorpId::new)
    }

    fn group(&self, name: &'static str) -> Result<GroupId, FormError> {
        self.number(name).map(GroupId::new)
    }

    fn agent(&self, name: &'static str) -> Result<AgentId, FormError> {
        self.number(name).map(AgentId::new)
    }
}

/// Changes the corp with this `corpid`, or the one with this `pending_corpid`.
fn either_id(id: &str, change: impl Fn(CorpRef) -> Result<(), AdminError>) -> Result<(), FormError> {
    match change(CorpRef::Joined(CorpId::new(id))) {
        Err(AdminError::UnknownCorp(_)) => Ok(change(CorpRef::Pending(PendingCorpId::new(id)))?),
        outcome => Ok(outcome?),
    }
}

impl From<AdminError> for FormError {
    fn from(error: AdminError) -> Self {
        Self::Change(error)
    }
}

impl fmt::Display for FormError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::UnknownForm => f.write_str("not found: the page has no such form"),
            Self::ForeignOrigin => f.write_str("forbidden: the form is on a page of another origin"),
            Self::Missing(field) => write!(f, "missing field: {field} is empty"),
            Self::NotANumber(field) => write!(f, "invalid field: {field} is not a number"),
            Self::Change(error) => error.fmt(f),
        }
    }
}
