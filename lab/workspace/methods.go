package workspace

// methods are the Web API methods this workspace knows, with Slack's tier and scope for each
// (https://docs.slack.dev/reference/methods).
var methods map[string]method

func init() {
	methods = map[string]method{
		"auth.test":             {tier: special, run: (*Workspace).authTest},
		"apps.connections.open": {tier: tier3, appOnly: true, run: (*Workspace).connectionsOpen},

		"chat.postMessage":   {tier: paced, scope: "chat:write", run: (*Workspace).chatPostMessage},
		"chat.update":        {tier: tier3, scope: "chat:write", run: (*Workspace).chatUpdate},
		"chat.postEphemeral": {tier: tier4, scope: "chat:write", run: (*Workspace).chatPostEphemeral},
		"chat.delete":        {tier: tier3, scope: "chat:write", run: (*Workspace).chatDelete},
		"chat.getPermalink":  {tier: special, run: (*Workspace).chatGetPermalink},

		"views.open":    {tier: tier4, run: (*Workspace).viewsOpen},
		"views.push":    {tier: tier4, run: (*Workspace).viewsPush},
		"views.update":  {tier: tier4, run: (*Workspace).viewsUpdate},
		"views.publish": {tier: tier4, run: (*Workspace).viewsPublish},

		"users.info":            {tier: tier4, scope: "users:read", run: (*Workspace).usersInfo},
		"users.list":            {tier: tier2, scope: "users:read", run: (*Workspace).usersList},
		"usergroups.list":       {tier: tier2, scope: "usergroups:read", run: (*Workspace).usergroupsList},
		"usergroups.users.list": {tier: tier2, scope: "usergroups:read", run: (*Workspace).usergroupsUsersList},

		"conversations.open":    {tier: tier3, scope: "im:write", run: (*Workspace).conversationsOpen},
		"conversations.info":    {tier: tier3, run: (*Workspace).conversationsInfo},
		"conversations.members": {tier: tier4, run: (*Workspace).conversationsMembers},
		"conversations.history": {tier: tier3, run: (*Workspace).conversationsHistory},
		"conversations.replies": {tier: tier3, run: (*Workspace).conversationsReplies},

		"files.getUploadURLExternal":   {tier: tier4, scope: "files:write", run: (*Workspace).filesGetUploadURL},
		"files.completeUploadExternal": {tier: tier4, scope: "files:write", run: (*Workspace).filesCompleteUpload},
		"reactions.add":                {tier: tier3, scope: "reactions:write", run: (*Workspace).reactionsAdd},
	}
}

// authTest answers who the token belongs to.
func (w *Workspace) authTest(*call) reply {
	return done(reply{
		"url": "https://rap-analyzer.slack.com/", "team": w.opt.Team, "user": w.app.name, "team_id": w.team, "user_id": w.app.userID,
		"bot_id": w.app.botID, "is_enterprise_install": false,
	})
}
