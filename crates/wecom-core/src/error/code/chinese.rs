//! The explanations and remedies in Chinese, with the terms of the vendor's console (管理后台).

use super::ErrCode;

pub(super) struct Chinese {
    pub(super) explanation: &'static str,
    pub(super) remedy: &'static str,
}

/// Of the codes of [`ErrCode::EXPLAINED`].
#[rustfmt::skip]
pub(super) const fn chinese(code: ErrCode) -> Option<Chinese> {
    let (explanation, remedy) = match code {
        ErrCode::BUSY => (
            "系统繁忙，服务器暂时无法处理请求。",
            "请至少间隔 500 毫秒再重试，最多重试 3 次。本次调用可能已经执行，修改数据的接口请先确认结果再重试。",
        ),
        ErrCode::VERSION_CONFLICT => (
            "数据版本冲突：同一份数据同时被其他调用方修改。",
            "请重新读取数据后再重试。",
        ),
        ErrCode::INVALID_SECRET => (
            "凭证无效：应用的 Secret，或者用它获取的 access_token 不正确。",
            "再次调用之前，请到管理后台重新复制该应用的 Secret：反复使用错误的 Secret 会使本机 IP 被封禁一小时。",
        ),
        ErrCode::INVALID_USER_ID => (
            "userid 无效：该企业没有这个成员。",
            "请确认 userid 属于被调用的企业。userid 只在本企业内有效，不能跨企业使用。",
        ),
        ErrCode::INVALID_CORP_ID => (
            "corpid 无效。",
            "请到管理后台“我的企业 → 企业信息 → 企业ID”复制。下游企业的 corpid 通过 list_app_share_info 获取。",
        ),
        ErrCode::INVALID_ACCESS_TOKEN => (
            "access_token 无效：格式错误、已提前失效，或者属于其他企业。",
            "使用固定的 access_token 时，请重新获取。使用 corpid 和 Secret 时，客户端已换用新的 access_token 重试过：请检查应用是否有权调用该接口，以及是否有其他程序使 access_token 失效。",
        ),
        ErrCode::INVALID_AGENT_ID => (
            "agentid 无效。",
            "请从管理后台的应用详情页获取 agentid，它只在一个企业内有效。",
        ),
        ErrCode::INVALID_PARAMETER => (
            "参数不合法：缺少参数，或者参数值不符合要求。",
            "errmsg 通常会指出是哪个参数，请对照接口文档检查。",
        ),
        ErrCode::EMPTY_PARAMETER => (
            "参数为空：必填参数没有值。",
            "errmsg 通常会指出是哪个参数，请补充。",
        ),
        ErrCode::INVALID_OPEN_ID => (
            "openid 无效。",
            "openid 应来自上游企业的小程序或服务号，并请确认 openid 与 unionid 属于同一个账号。",
        ),
        ErrCode::UNKNOWN_JOB => (
            "异步任务不存在。",
            "jobid 由 import_chain_contact 返回，请用发起任务的应用查询。",
        ),
        ErrCode::JOB_RESULT_GONE => (
            "异步任务的结果已被清理：系统只保留最近几次任务的结果。",
            "请直接查看联系人，确认实际导入情况。下次请尽早查询结果。",
        ),
        ErrCode::SECRET_OF_ANOTHER_CORP => (
            "Secret 无效：它不属于这个企业。",
            "请使用同一个企业的 corpid 和应用 Secret。",
        ),
        ErrCode::INVALID_EXTERNAL_USER_ID => (
            "该企业没有这个外部联系人。",
            "external_userid 只在返回它的企业内有效：同一个客户在不同企业的 external_userid 不同。",
        ),
        ErrCode::MISSING_ACCESS_TOKEN => (
            "缺少 access_token：服务器收到的请求里没有它。",
            "可能是网关或代理丢弃了 URL 的查询参数，请检查其配置。",
        ),
        ErrCode::ACCESS_TOKEN_EXPIRED => (
            "access_token 已过期。",
            "使用固定的 access_token 时，请重新获取。使用 corpid 和 Secret 时，客户端会自动重新获取。",
        ),
        ErrCode::FREQUENCY_EXCEEDED => (
            "接口调用超过频率限制：该接口会被限制调用一段时间，约为超限的周期（一分钟、一小时或一天）。",
            "限制解除之前请勿调用该接口，之后请降低调用频率。",
        ),
        ErrCode::CONCURRENCY_EXCEEDED => (
            "并发调用超过限制：同一时刻对该接口的调用过多。",
            "请至少等待一秒，并降低并发数。",
        ),
        ErrCode::API_NOT_AUTHORIZED => (
            "接口未授权：应用没有获得该接口的权限。",
            "请在管理后台为应用授权。第三方应用由安装它的企业授权。",
        ),
        ErrCode::API_FORBIDDEN => (
            "无权限：该应用不能调用这个接口。",
            "请在管理后台“上下游 → 可调用接口的应用”中添加该应用，并使用自建应用的 Secret：自 2023-12-01 起，新企业不能再使用系统应用的 Secret。",
        ),
        ErrCode::UNTRUSTED_REDIRECT_DOMAIN => (
            "redirect_url 的域名未登记为可信域名。",
            "请在管理后台的应用详情页登记可信域名。",
        ),
        ErrCode::NOT_IN_RANGE => (
            "无权限：指定的成员、部门或标签不在应用的可见范围内。",
            "请在管理后台扩大应用的可见范围，或者改用范围内的成员、部门或标签。",
        ),
        ErrCode::IP_NOT_TRUSTED => (
            "IP 不可信：发起调用的 IP 不在该应用的“企业可信IP”中。",
            "请在管理后台把该 IP 加入应用的“企业可信IP”，或者通过已加入的代理调用。",
        ),
        ErrCode::UNKNOWN_USER => (
            "userid 不存在：企业中查不到这个成员。",
            "请检查 userid，并确认它属于被调用的企业。",
        ),
        ErrCode::NOT_AN_EXTERNAL_CONTACT => (
            "该客户不是企业任何成员的外部联系人。",
            "对于尚未添加的客户，请使用 pending_id。",
        ),
        ErrCode::APP_FORBIDDEN => (
            "无权限：access_token 所属的应用不能操作指定的应用。",
            "请使用该 agentid 对应的应用的 access_token。",
        ),
        ErrCode::CORP_UNAVAILABLE => (
            "企业已被解散或封禁。",
            "请从业务数据中移除该企业，或者联系该企业的管理员。",
        ),
        ErrCode::APP_NOT_SHARED => (
            "应用没有共享给该上下游或该企业。",
            "请在管理后台共享应用，再通过 list_app_share_info 获取下游企业的 agentid。",
        ),
        ErrCode::UNKNOWN_CHAIN => (
            "上下游不存在。",
            "请通过 get_chain_list 获取 chain_id。",
        ),
        ErrCode::UNKNOWN_GROUP => (
            "该上下游中没有这个分组。",
            "请通过 get_chain_group 获取 groupid，根分组为 1。",
        ),
        ErrCode::CORP_NOT_IN_CHAIN => (
            "该企业不在这个上下游中。",
            "请通过 get_chain_corpinfo_list 查询该上下游的企业。该企业可能已被移除。",
        ),
        ErrCode::CHAIN_CORPS_EXCEEDED => (
            "上下游的企业数已达上限。",
            "请移除不再需要的企业，或者向企业微信申请提高上限。",
        ),
        ErrCode::UNKNOWN_RULE => (
            "该上下游中没有这条对接规则。",
            "请从该上下游的对接规则列表获取 rule_id。",
        ),
        ErrCode::RULES_EXCEEDED => (
            "上下游的对接规则数已达上限。",
            "请删除或合并对接规则。",
        ),
        ErrCode::GROUP_NOT_UNIQUE => (
            "分组不唯一：该分组路径对应多个分组。",
            "请为同级分组设置不同的名称。",
        ),
        ErrCode::CUSTOM_ID_NOT_UNIQUE => (
            "自定义企业 id 重复：该上下游已有其他企业使用它。",
            "请为每个企业设置不同的 custom_id。",
        ),
        ErrCode::HEADS_EXCEEDED => (
            "负责人超出限制：一个企业最多有 5 个负责人。",
            "请将其他人以成员身份导入（identity_type 为 1）。",
        ),
        ErrCode::INVALID_CUSTOM_ID => (
            "自定义企业 id 不合法：超过 64 个字符，或者含有字母和数字以外的字符。",
            "请使用 1 到 64 个英文字母或数字。",
        ),
        ErrCode::CORP_NAME_EMPTY => (
            "导入的企业缺少名称。",
            "请为每个企业填写 corp_name。",
        ),
        ErrCode::INVALID_CORP_NAME => (
            "企业名称不合法：过长，或者含有不支持的字符。",
            "请使用 1 到 32 个字符，支持汉字、字母、数字、空格和 -_()（）.。",
        ),
        ErrCode::CONTACT_NAME_EMPTY => (
            "导入的联系人缺少姓名。",
            "请为每个联系人填写 name。",
        ),
        ErrCode::INVALID_CONTACT_NAME => (
            "联系人姓名不合法。",
            "姓名长度应为 1 到 32 个字符。",
        ),
        ErrCode::INVALID_IDENTITY => (
            "联系人的 identity_type 不合法。",
            "请填写 1（成员）或 2（负责人）。",
        ),
        ErrCode::GROUP_NAME_TAKEN_BY_CORP => (
            "名称冲突：分组与同层级的企业重名。",
            "请修改其中一个的名称。",
        ),
        ErrCode::CONTACT_ACCOUNT_UNUSABLE => (
            "联系人的账号异常，无法邀请其加入上下游。",
            "请改为邀请该企业的其他联系人，或者由该联系人向企业微信申请解除异常。",
        ),
        ErrCode::CORP_MEMBERS_EXCEEDED => (
            "导入后单个企业的人数会超出上限。",
            "请减少该企业的导入人数，或者先移除一部分成员。",
        ),
        ErrCode::GROUP_TOO_DEEP => (
            "分组路径超过 9 层。",
            "请减少分组路径的层级。",
        ),
        ErrCode::INVALID_GROUP_NAME => (
            "分组名称不合法。",
            "请检查 group_path 的每一级：不能为空，也不能含有特殊字符。",
        ),
        ErrCode::IMPORT_RUNNING => (
            "该企业有另一个导入任务正在进行，可能是在管理后台发起的。",
            "请等到 get_result 返回任务已完成，再发起下一个导入。",
        ),
        ErrCode::DAILY_IMPORT_EXCEEDED => (
            "超过每日导入上限：今天导入的人数已超过 20,000。",
            "请明天再继续导入。",
        ),
        ErrCode::IMPORT_ACCOUNT_UNUSABLE => (
            "上游企业的账号异常，不能导入。",
            "请企业管理员到管理后台查看。",
        ),
        ErrCode::IMPORT_TOO_LARGE => (
            "导入数据过大：企业数、总人数或单个企业的人数超出限制。",
            "请分批导入：每个任务最多 1,000 个企业、2,000 人，每个企业最多 200 人。",
        ),
        ErrCode::SPACE_CORPS_EXCEEDED => (
            "上下游空间的企业数已达上限。",
            "请移除不再需要的企业，或者向企业微信申请提高上限。",
        ),
        ErrCode::CREATOR_NOT_REMOVABLE => (
            "不能移除上下游的创建者。",
            "只能移除后来加入该上下游的企业。",
        ),
        ErrCode::CORP_NAME_NOT_UNIQUE => (
            "企业名称重复。",
            "请为上下游中的每个企业设置不同的名称。",
        ),
        ErrCode::MEMBER_NOT_IN_RANGE => (
            "成员或部门不在该上下游的范围内。",
            "请在管理后台将其加入上下游的范围。",
        ),
        ErrCode::GROUP_FORBIDDEN => (
            "无权限：应用不能操作该分组。",
            "请将应用共享给该分组，或者使用已共享的分组。",
        ),
        ErrCode::CONTACT_MAY_NOT_JOIN => (
            "有联系人不能加入其他企业创建的上下游：其企业管理员的设置不允许。",
            "请联系该企业的管理员修改设置，或者改为邀请其他联系人。",
        ),
        ErrCode::INVALID_USER_CUSTOM_ID => (
            "自定义成员 id 不合法。",
            "只能使用数字，取值为 1 到 2^64-2，不能以 0 开头，不能是 11 位或 13 位。",
        ),
        ErrCode::SEVERAL_USER_CUSTOM_IDS => (
            "导入数据中，同一个成员有多个自定义成员 id。",
            "同一个手机号只能使用一个 user_custom_id。",
        ),
        ErrCode::USER_CUSTOM_ID_NOT_UNIQUE => (
            "自定义成员 id 重复：该下游企业已有其他成员使用它。",
            "请为同一企业的每个成员设置不同的 user_custom_id。",
        ),
        ErrCode::USER_CUSTOM_ID_UNSET => (
            "该成员没有设置自定义成员 id。",
            "请在导入成员时设置，或者把这个错误码当作“未设置”处理。",
        ),
        ErrCode::OPEN_ID_OF_WRONG_ACCOUNT => (
            "openid 的账号类型不对：它既不属于服务号，也不属于小程序。",
            "请使用服务号或小程序的 openid。",
        ),
        ErrCode::OPEN_ID_OF_ANOTHER_PRINCIPAL => (
            "openid 所属账号的认证主体与企业的认证主体不一致。",
            "请用上游企业的主体认证该小程序或服务号。",
        ),
        ErrCode::UNION_ID_OF_ANOTHER_PRINCIPAL => (
            "unionid 所属开放平台账号的认证主体与企业的认证主体不一致。",
            "请用上游企业的主体认证该开放平台账号。",
        ),
        _ => return None,
    };
    Some(Chinese { explanation, remedy })
}
