//! Reading a world from a JSON file. The keys are those of the API, and an error names the path of the problem.

mod schema;

use self::schema::File;
use super::{World, WorldError};

impl World {
    /// Reads a world from JSON.
    ///
    /// Everything except ids and names is optional. An unknown key is an error, because it is most likely misspelled.
    ///
    /// The keys are documented at the methods of the same names, such as `corp_limit` at
    /// [`WorldChain::corp_limit`](crate::WorldChain::corp_limit). The others are `visible_chains`
    /// ([`WorldApp::sees_only`](crate::WorldApp::sees_only)), `visible_groups`
    /// ([`WorldApp::sees_only_groups`](crate::WorldApp::sees_only_groups)), `owner_corp_range`
    /// ([`WorldChain::owner_range`](crate::WorldChain::owner_range)), `people` ([`WorldPerson`](crate::WorldPerson)) and
    /// `sessions` ([`WorldSession`](crate::WorldSession)).
    ///
    /// ```
    /// use wecom_simulator::{Simulator, World};
    ///
    /// let world = World::from_json(r#"{
    ///   "corp_id": "wwupstream", "joined_corp_limit": 5000, "account_unusable": false,
    ///   "apps": [{
    ///     "agentid": 1000002, "secret": "the-app-secret", "callable": true,
    ///     "visible_chains": ["Ch1"],
    ///     "visible_groups": [{"chain_id": "Ch1", "groupids": [2]}],
    ///     "shares": [{
    ///       "corpid": "wwdealer", "corp_name": "美馨粮油公司",
    ///       "agentid": 1000005, "business_type": 1
    ///     }]
    ///   }],
    ///   "chains": [{
    ///     "chain_id": "Ch1", "chain_name": "经销商网络",
    ///     "corp_limit": 1000, "corp_people_limit": 200, "rule_limit": 50,
    ///     "owner_corp_range": {"departmentids": [7], "userids": ["li"]},
    ///     "groups": [{"groupid": 2, "group_name": "一级经销商", "parentid": 1, "order": 1}],
    ///     "corps": [
    ///       {"groupid": 2, "corpid": "wwdealer", "corp_name": "美馨粮油公司", "custom_id": "d1",
    ///        "invite_userid": "li", "qualification_status": 2,
    ///        "members": [{"userid": "zhangsan", "user_custom_id": "100"}]},
    ///       {"groupid": 2, "pending_corpid": "wp1", "corp_name": "顺达商贸"}
    ///     ]
    ///   }],
    ///   "customers": [{
    ///     "unionid": "u1", "openid": "o1", "login_account": "own",
    ///     "known_to": [{"corpid": "wwdealer", "external_userid": "wm1"}]
    ///   }],
    ///   "chats": [{"chat_id": "wr1", "external_userids": ["wm1"]}],
    ///   "people": [{"mobile": "13000000001", "account_unusable": true, "may_not_join": false}],
    ///   "sessions": [{
    ///     "userid": "woZhang", "session_key": "the-session-key",
    ///     "corps": [{"corpid": "wwdealer", "userid": "zhangsan"}]
    ///   }]
    /// }"#)?;
    /// let simulator = Simulator::try_new(world)?;
    ///
    /// let wrong = r#"{"corp_id": "ww", "chains": [{"chain_id": "Ch1", "chain_nam": "x"}]}"#;
    /// let error = World::from_json(wrong).unwrap_err();
    /// assert!(error.to_string().starts_with("chains[0].chain_nam: unknown field"), "{error}");
    /// # let _ = simulator;
    /// # Ok::<(), wecom_simulator::WorldError>(())
    /// ```
    ///
    /// # Errors
    ///
    /// Returns an error with the path of the problem if the text is not JSON or does not have this structure.
    /// [`World::check`] checks whether the world is consistent.
    pub fn from_json(json: &str) -> Result<Self, WorldError> {
        // Editors for Windows write a byte order mark.
        let json = json.strip_prefix('\u{feff}').unwrap_or(json);
        let mut deserializer = serde_json::Deserializer::from_str(json);
        let file: File = serde_path_to_error::deserialize(&mut deserializer).map_err(|error| {
            let path = error.path().to_string();
            // The path of the whole file is a dot.
            let path = if path == "." { "the file".to_owned() } else { path };
            WorldError::new(path, error.into_inner().to_string())
        })?;
        deserializer.end().map_err(|error| WorldError::new("the file", error.to_string()))?;
        Ok(file.into())
    }
}

#[cfg(test)]
mod tests {
    use wecom_core::Secret;
    use wecom_upstream::calls::QualificationStatus;
    use wecom_upstream::ids::{CustomId, PendingCorpId, UserCustomId};
    use wecom_upstream::{AgentId, ChainId, CorpId, GroupId, UserId};

    use super::super::{WorldApp, WorldChain, WorldCorp, WorldPerson, WorldSession};
    use super::*;

    fn refused(json: &str) -> String {
        World::from_json(json).unwrap_err().to_string()
    }

    #[test]
    fn an_error_starts_with_the_path_of_the_problem() {
        for (json, expected) in [
            ("", "the file: EOF"),
            ("7", "the file: invalid type"),
            (r#"{"corp_id":"ww"} x"#, "the file: trailing characters"),
            (r#"{"apps":[]}"#, "the file: missing field `corp_id`"),
            (r#"{"corp_id":"ww","apps":[{"agentid":"one","secret":"s"}]}"#, "apps[0].agentid: invalid value"),
            (r#"{"corp_id":"ww","chains":[{"chain_id":"c"}]}"#, "chains[0]: missing field `chain_name`"),
            (
                r#"{"corp_id":"ww","chains":[{"chain_id":"c","chain_name":"n","corps":[{"corp_name":"x"}]}]}"#,
                "chains[0].corps[0]: a corp has either",
            ),
            (
                r#"{"corp_id":"ww","chains":[{"chain_id":"c","chain_name":"n","owner_corp_range":{"userids":"li"}}]}"#,
                "chains[0].owner_corp_range.userids: invalid type",
            ),
            (
                r#"{"corp_id":"ww","apps":[{"agentid":1,"secret":"s","visible_groups":[{"chain_id":"c"}]}]}"#,
                "apps[0].visible_groups[0]: missing field `groupids`",
            ),
            (r#"{"corp_id":"ww","people":[{"mobile":"1","unusable":true}]}"#, "people[0].unusable: unknown field"),
            (
                r#"{"corp_id":"ww","sessions":[{"userid":"u","session_key":"k","corps":[{"corpid":"c"}]}]}"#,
                "sessions[0].corps[0]: missing field `userid`",
            ),
            (
                r#"{"corp_id":"ww","chats":[{"chat_id":"c","external_userids":[1,null]}]}"#,
                "chats[0].external_userids[1]: invalid type",
            ),
        ] {
            assert!(refused(json).starts_with(expected), "{}", refused(json));
        }
    }

    #[test]
    fn a_byte_order_mark_is_ignored() {
        assert!(World::from_json("\u{feff}{\"corp_id\":\"ww\"}").is_ok());
    }

    #[test]
    fn an_empty_custom_id_is_none() {
        let corp = |id: u8| {
            format!(
                r#"{{"corpid":"w{id}","corp_name":"x","custom_id":"","invite_userid":"","members":[{{"userid":"u","user_custom_id":""}}]}}"#
            )
        };
        let corps = [corp(1), corp(2)].join(",");
        let json = format!(
            r#"{{"corp_id":"ww","apps":[{{"agentid":7,"secret":"s"}}],"chains":[{{"chain_id":"c","chain_name":"n","corps":[{corps}]}}]}}"#
        );
        let world = World::from_json(&json).unwrap();
        world.check().unwrap();
        let corp = &world.chains[0].corps[0];
        assert_eq!((&corp.custom_id, &corp.invite_userid, &corp.members[0].user_custom_id), (&None, &None, &None));
    }

    #[test]
    fn omitted_keys_have_the_defaults_of_the_builder() {
        let json = r#"{"corp_id":"ww","apps":[{"agentid":"7","secret":"s"}],
            "chains":[{"chain_id":"c","chain_name":"n","corps":[{"corpid":"w","corp_name":"x"}]}]}"#;
        let read = World::from_json(json).unwrap();
        let built = World::new(CorpId::new("ww")).app(WorldApp::new(AgentId::new(7), Secret::new("s"))).chain(
            WorldChain::new(ChainId::new("c"), "n").corp(WorldCorp::joined(GroupId::ROOT, CorpId::new("w"), "x")),
        );
        assert_eq!(format!("{read:?}"), format!("{built:?}"));
    }

    #[test]
    fn every_key_has_the_effect_of_its_builder_method() {
        let json = r#"{"corp_id":"ww","joined_corp_limit":9,"account_unusable":true,
            "apps":[{"agentid":7,"secret":"s","visible_groups":[{"chain_id":"c","groupids":[1]}]}],
            "chains":[{"chain_id":"c","chain_name":"n","corp_limit":1,"corp_people_limit":2,"rule_limit":3,
                "owner_corp_range":{"departmentids":[4],"userids":["li"]}}],
            "people":[{"mobile":"13000000001","account_unusable":true},{"mobile":"13000000002","may_not_join":true}],
            "sessions":[{"userid":"wo","session_key":"k","corps":[{"corpid":"w","userid":"zhang"}]}]}"#;
        let read = World::from_json(json).unwrap();
        let app = WorldApp::new(AgentId::new(7), Secret::new("s"));
        let chain = WorldChain::new(ChainId::new("c"), "n").corp_limit(1).corp_people_limit(2).rule_limit(3);
        let session = WorldSession::new(UserId::new("wo"), Secret::new("k"));
        let built = World::new(CorpId::new("ww"))
            .joined_corp_limit(9)
            .account_unusable()
            .app(app.sees_only_groups(ChainId::new("c"), [GroupId::ROOT]))
            .chain(chain.owner_range([4], [UserId::new("li")]))
            .person(WorldPerson::new("13000000001").account_unusable())
            .person(WorldPerson::new("13000000002").may_not_join())
            .session(session.corp_user(CorpId::new("w"), UserId::new("zhang")));
        assert_eq!(format!("{read:?}"), format!("{built:?}"));
        assert_eq!(read.sessions[0].session_key.expose(), "k");
    }

    #[test]
    fn every_key_of_a_corp_has_the_effect_of_its_builder_method() {
        let json = r#"{"corp_id":"ww","chains":[{"chain_id":"c","chain_name":"n","corps":[
            {"groupid":2,"corpid":"w1","corp_name":"x","custom_id":"d1","invite_userid":"li","qualification_status":3,
                "members":[{"userid":"zhang","user_custom_id":"7"},{"userid":"wang"}]},
            {"pending_corpid":"wp1","corp_name":"y"}]}]}"#;
        let joined = WorldCorp::joined(GroupId::new(2), CorpId::new("w1"), "x")
            .custom_id(CustomId::new("d1"))
            .invite_userid(UserId::new("li"))
            .qualification(QualificationStatus::Certified)
            .member_with_custom_id(UserId::new("zhang"), UserCustomId::new("7"))
            .member(UserId::new("wang"));
        let pending = WorldCorp::pending(GroupId::ROOT, PendingCorpId::new("wp1"), "y");
        let chain = WorldChain::new(ChainId::new("c"), "n").corp(joined).corp(pending);
        let built = World::new(CorpId::new("ww")).chain(chain);
        assert_eq!(format!("{:?}", World::from_json(json).unwrap()), format!("{built:?}"));
    }
}
